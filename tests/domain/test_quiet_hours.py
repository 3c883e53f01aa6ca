"""When quiet hours end, on clocks that change; and what cannot be quiet hours."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from waremind.domain.quiet_hours import QuietHours
from waremind.errors import ErrorCode, WaremindError

moment = datetime.fromisoformat


@pytest.mark.parametrize(
    ("hours", "zone", "at", "end"),
    [
        ("22:00-07:00", "Europe/Berlin", "2026-12-01T23:00", "2026-12-02T07:00"),
        ("22:00-07:00", "Europe/Berlin", "2026-12-01T06:59", "2026-12-01T07:00"),
        ("22:00-07:00", "Europe/Berlin", "2026-12-01T07:00", None),
        ("12:00-13:30", "Europe/Berlin", "2026-12-01T13:00", "2026-12-01T13:30"),
        ("9:00-13:30", "Europe/Berlin", "2026-12-01T08:59", None),
        # The end is in a gap: when the clock has passed it.
        ("22:00-02:30", "Europe/Berlin", "2027-03-28T01:00", "2027-03-28T03:00"),
        # A night in which the clock changes is one night.
        ("22:00-07:00", "Europe/Berlin", "2027-03-28T01:00", "2027-03-28T07:00"),
        ("22:00-07:00", "Europe/Berlin", "2026-10-25T01:00", "2026-10-25T07:00"),
        # The clock goes back out of the quiet hours.
        ("02:15-04:00", "Europe/Berlin", "2026-10-25T02:30", "2026-10-25T02:00+01:00"),
        # The end comes twice: the first time will do.
        ("22:00-02:30", "Europe/Berlin", "2026-10-25T01:00", "2026-10-25T02:30+02:00"),
    ],
)
def test_quiet_hours_end_when_the_clock_shows_none_any_more(
    hours: str, zone: str, at: str, end: str | None
) -> None:
    clock = ZoneInfo(zone)
    found = QuietHours.parse(hours).end_of(moment(at).replace(tzinfo=clock).astimezone(UTC), clock)
    expected = moment(end) if end else None
    if expected and expected.tzinfo is None:
        expected = expected.replace(tzinfo=clock)
    assert found == expected


def test_quiet_hours_are_written_as_they_are_read() -> None:
    assert str(QuietHours.parse(" 9:00 - 13:30 ")) == "09:00-13:30"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it is not two times of a day"),
        ("22:00", "it is not two times of a day"),
        ("22-7", "it is not two times of a day"),
        ("22:00-24:00", "it is not two times of a day"),
        ("22:00-22:00", "it begins when it ends"),
    ],
)
def test_what_is_no_quiet_hours_is_refused(text: str, reason: str) -> None:
    with pytest.raises(WaremindError, match=reason) as refused:
        QuietHours.parse(text)
    assert refused.value.code is ErrorCode.INVALID_INPUT
    assert refused.value.hint == "write it like --quiet-hours 22:00-07:00"
