"""Days off as a person lists them, a day or a span of days a line."""

from datetime import date, timedelta

from waremind.domain.ids import shown
from waremind.errors import ErrorCode, WaremindError

MOST_DAYS = 20_000
LONGEST_NAME = 200
LIKE = "write a day a line: 2026-12-24 Christmas Eve, or 2026-07-01..2026-08-15 Holidays"


def parse_days(text: str) -> dict[date, str]:
    """Read a list of days; empty lines and those that begin with `#` are left out.

    Raises WaremindError `invalid_input` that names the line.
    """
    days: dict[date, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        span, _, name = line.strip().partition(" ")
        if not span or span.startswith("#"):
            continue
        first, last = _span(span, number)
        if (last - first).days + len(days) > MOST_DAYS:
            raise _refused(number, f"there are more than {MOST_DAYS} days", "leave out past ones")
        for step in range((last - first).days + 1):
            days[first + timedelta(days=step)] = name.strip()[:LONGEST_NAME]
    if not days:
        raise _refused(1, "there is no day in it", LIKE)
    return days


def _span(span: str, number: int) -> tuple[date, date]:
    first, dots, last = span.partition("..")
    try:
        begin = date.fromisoformat(first)
        end = date.fromisoformat(last) if dots else begin
    except ValueError:
        raise _refused(number, f"{shown(span)} is no day", LIKE) from None
    if end < begin:
        raise _refused(number, f"{shown(span)} ends before it begins", LIKE)
    return begin, end


def _refused(number: int, reason: str, hint: str) -> WaremindError:
    message = f"cannot use the days: line {number}: {reason}"
    return WaremindError(ErrorCode.INVALID_INPUT, message, hint=hint)
