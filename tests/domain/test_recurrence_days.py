"""Random rules of days against a walk over every day that reads RFC 5545 word by word."""

from datetime import UTC, datetime
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

from campaigns.rules import SAMPLE, loaded, stored
from campaigns.rules_oracle import days_of_calendar
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from waremind.domain.recurrence import Recurrence
from waremind.domain.rule import WEEKDAYS
from waremind.domain.rule_text import parse_rule
from waremind.errors import WaremindError

END = datetime(2028, 7, 1, tzinfo=UTC)


def some(low: int, high: int, *, back: bool = False) -> st.SearchStrategy[str]:
    numbers = st.integers(low, high)
    either = numbers | numbers.map(int.__neg__) if back else numbers
    return st.lists(either.map(str), min_size=1, max_size=4).map(",".join)


def days(*, counted: bool) -> st.SearchStrategy[str]:
    places = ["", "", "1", "2", "-1", "5", "-2"] if counted else [""]
    day = st.tuples(st.sampled_from(places), st.sampled_from(WEEKDAYS)).map("".join)
    return st.lists(day, min_size=1, max_size=3).map(",".join)


@st.composite
def rules(draw: st.DrawFn) -> str:
    """Draw a rule; some are refused, and some never fire."""
    freq = draw(st.sampled_from(["YEARLY", "MONTHLY", "WEEKLY", "DAILY"]))
    parts = {
        "INTERVAL": st.sampled_from(["2", "3", "5"]),
        "COUNT": st.integers(1, 40).map(str),
        "BYMONTH": some(1, 12),
        "BYDAY": days(counted=freq in {"YEARLY", "MONTHLY"}),
        "BYHOUR": some(0, 4),
        "BYSETPOS": some(1, 3, back=True),
        "WKST": st.sampled_from(WEEKDAYS),
    }
    if freq != "WEEKLY":
        parts["BYMONTHDAY"] = some(1, 31, back=True)
    if freq == "YEARLY":
        parts |= {"BYWEEKNO": some(1, 53, back=True), "BYYEARDAY": some(1, 366, back=True)}
    chosen = draw(st.lists(st.sampled_from(sorted(parts)), max_size=3, unique=True))
    return ";".join([f"FREQ={freq}", *(f"{part}={draw(parts[part])}" for part in chosen)])


@settings(deadline=None, max_examples=40)
@given(
    rules(),
    st.datetimes(datetime(2023, 1, 1), datetime(2025, 12, 31)),  # noqa: DTZ001 - local
    st.sampled_from(SAMPLE),
)
def test_random_rules_name_the_days_of_rfc_5545_and_go_on_from_a_store(
    text: str, start: datetime, zone: str
) -> None:
    try:
        rule = parse_rule(text)
    except WaremindError:
        assume(False)
    reminder = Recurrence(rule, start.replace(minute=30, second=0, microsecond=0), ZoneInfo(zone))
    expected = [at for at in days_of_calendar(reminder, END.date()) if at < END]
    # What never fires again is for the CPU limit: dateutil would search for it to the year 9999.
    assume(len(expected) > 1)
    found = reminder.occurrences(expected[0], inclusive=True)
    listing = list(islice(found, len(expected)))
    assert [occurrence.at for occurrence in listing] == expected
    for fired, following in pairwise(listing):
        assert next(reminder.following(loaded(stored(fired)))) == following
