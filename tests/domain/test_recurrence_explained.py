"""The sentences of `reminder next --explain`."""

from datetime import datetime
from itertools import islice
from zoneinfo import ZoneInfo

import pytest

from waremind.domain.planned import clock_note
from waremind.domain.recurrence import Recurrence
from waremind.domain.recurrence_explained import Skip, skips
from waremind.domain.rule_text import parse_rule

moment = datetime.fromisoformat
BERLIN = ZoneInfo("Europe/Berlin")


def recurring(rule: str, start: str) -> Recurrence:
    return Recurrence(parse_rule(rule), moment(start), BERLIN)


def notes(rule: str, after: str, count: int) -> list[tuple[str, str] | None]:
    found = recurring(rule, "2026-01-01T02:30").occurrences(moment(after))
    said = [clock_note(each.nominal, each.at, BERLIN) for each in islice(found, count)]
    return [each and (each.kind, each.text) for each in said]


def test_a_gap_is_named_with_the_time_that_does_not_exist() -> None:
    assert notes("FREQ=DAILY", "2026-03-28T12:00Z", 2) == [
        (
            "gap",
            "2026-03-29 02:30 does not exist in Europe/Berlin: the clock goes forward by 1h",
        ),
        None,
    ]


def test_a_fold_is_named_with_which_of_the_two_fires() -> None:
    text = "2026-10-25 02:30 comes twice in Europe/Berlin: this is the "
    assert notes("FREQ=DAILY", "2026-10-24T12:00Z", 2) == [("fold", text + "first"), None]
    assert notes("FREQ=HOURLY", "2026-10-25T00:00Z", 3) == [
        ("fold", text + "first"),
        ("fold", text + "second"),
        None,
    ]


def test_a_gap_of_a_whole_day_is_named() -> None:
    apia = ZoneInfo("Pacific/Apia")
    daily = Recurrence(parse_rule("FREQ=DAILY"), moment("2011-12-01T09:00"), apia)
    first = next(daily.occurrences(moment("2011-12-30T00:00Z")))
    found = clock_note(first.nominal, first.at, apia)
    assert found is not None
    assert found.text == (
        "2011-12-30 09:00 does not exist in Pacific/Apia: the clock goes forward by 1d"
    )


@pytest.mark.parametrize(
    ("rule", "start", "before", "expected"),
    [
        (
            "FREQ=MONTHLY",
            "2026-10-31T09:00",
            "2027-03-31T07:00Z",
            ["November 2026 has no 31st", "February 2027 has no 31st"],
        ),
        (
            "FREQ=MONTHLY;INTERVAL=2",
            "2026-10-31T09:00",
            "2027-03-01T00:00Z",
            ["February 2027 has no 31st"],
        ),
        (
            "FREQ=MONTHLY;BYMONTHDAY=-30",
            "2026-10-01T09:00",
            "2027-03-01T00:00Z",
            ["February 2027 has no 30th last"],
        ),
        (
            "FREQ=MONTHLY;BYMONTH=11;BYMONTHDAY=29,31",
            "2026-10-01T09:00",
            "2027-03-01T00:00Z",
            ["November 2026 has no 31st"],
        ),
        (
            "FREQ=MONTHLY;BYDAY=5MO,-5SU,1TU",
            "2026-10-01T09:00",
            "2027-01-01T00:00Z",
            [
                "October 2026 has no 5th Monday",
                "October 2026 has no 5th last Sunday",
                "December 2026 has no 5th Monday",
                "December 2026 has no 5th last Sunday",
            ],
        ),
        (
            "FREQ=YEARLY",
            "2024-02-29T09:00",
            "2028-02-29T08:00Z",
            [f"February {year} has no 29th" for year in (2025, 2026, 2027)],
        ),
        (
            "FREQ=YEARLY;BYYEARDAY=366,-366,1",
            "2026-01-01T09:00",
            "2027-03-01T00:00Z",
            ["2026 has no day -366", "2026 has no day 366"],
        ),
        (
            "FREQ=YEARLY;BYWEEKNO=53",
            "2026-01-01T09:00",
            "2029-01-01T00:00Z",
            ["2027 has no week 53", "2028 has no week 53"],
        ),
        ("FREQ=MONTHLY;BYMONTHDAY=31;BYSETPOS=1", "2026-10-31T09:00", "2027-03-01T00:00Z", []),
        ("FREQ=DAILY", "2026-10-31T09:00", "2027-03-01T00:00Z", []),
    ],
)
def test_months_and_years_without_a_named_day_are_named(
    rule: str, start: str, before: str, expected: list[str]
) -> None:
    recurrence = recurring(rule, start)
    found = skips(recurrence, moment("2024-01-01T00:00Z"), moment(before))
    assert [skip.text for skip in found] == expected


def test_a_skip_lies_between_the_occurrences_around_it_and_nowhere_else() -> None:
    monthly = recurring("FREQ=MONTHLY;BYMONTHDAY=30,31", "2026-10-01T09:00")
    at = {day: moment(f"2026-{day}T08:00Z") for day in ("10-31", "11-30", "12-30", "12-31")}
    assert list(skips(monthly, at["10-31"], at["11-30"])) == []
    assert list(skips(monthly, at["11-30"], at["12-30"])) == [
        Skip("2026-11", "November 2026 has no 31st")
    ]
    assert list(skips(monthly, at["12-30"], at["12-31"])) == []


def test_a_single_reminder_skips_nothing() -> None:
    once = Recurrence.once(moment("2026-12-31T09:00Z"), BERLIN)
    assert list(skips(once, moment("2024-01-01T00:00Z"), moment("2027-01-01T00:00Z"))) == []
