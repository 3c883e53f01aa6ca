"""The short form of `make rules` for plans: a few clocks and countries."""

import pytest
from campaigns import calendar_edits
from campaigns.calendar import on_clock

pytestmark = pytest.mark.usefixtures("uncounted")


@pytest.mark.parametrize(
    ("zone", "country"),
    [("Europe/Berlin", "DE"), ("America/Havana", "US"), ("Australia/Lord_Howe", "AU")],
)
def test_what_is_planned_is_what_fires_and_what_counting_says(zone: str, country: str) -> None:
    result = on_clock(zone, country, plans=5)
    assert result.differences == ()
    assert result.occurrences > 1_000


@pytest.mark.parametrize(("zone", "country"), [("Europe/Berlin", "DE"), ("America/Havana", "US")])
def test_edits_in_between_lose_no_exception_without_saying_so(zone: str, country: str) -> None:
    result = calendar_edits.on_clock(zone, country, lives=3)
    assert result.differences == ()
    assert min(result.kept, result.dropped, result.occurrences) > 10
