"""The short form of `make rules`: a few clocks that change in unusual ways."""

import pytest
from campaigns.rules import SAMPLE, on_clock

pytestmark = pytest.mark.usefixtures("uncounted")


@pytest.mark.parametrize("zone", SAMPLE)
def test_what_is_listed_is_what_fires_and_what_the_oracle_says(zone: str) -> None:
    result = on_clock(zone, changes_at_most=4)
    assert result.differences == ()
    assert result.occurrences > 10_000
