"""From a calendar expression of systemd.time(7) to a Rule."""

import re

from waremind.domain.clock_times import ClockTimes, Numbers
from waremind.domain.ids import shown
from waremind.domain.number_field import NumberField
from waremind.domain.rule import Rule
from waremind.errors import ErrorCode, WaremindError

FLAG = "--on-calendar"
LONGEST_TEXT = 1_000
LIKE = 'write it like --on-calendar "Mon..Fri 09:00", or "*-*-01 09:00"'
SHORTHANDS = {
    "minutely": "*-*-* *:*:00",
    "hourly": "*-*-* *:00:00",
    "daily": "*-*-* 00:00:00",
    "weekly": "Mon *-*-* 00:00:00",
    "monthly": "*-*-01 00:00:00",
    "quarterly": "*-01,04,07,10-01 00:00:00",
    "semiannually": "*-01,07-01 00:00:00",
    "yearly": "*-01-01 00:00:00",
    "annually": "*-01-01 00:00:00",
}
_DATE = re.compile(r"(?:(?P<year>[^-~]+)-)?(?P<month>[^-~]+)(?P<from>[-~])(?P<day>[^-~]+)")
_TIME = re.compile(r"(?P<hour>[^:]+):(?P<minute>[^:]+)(?::(?P<second>[^:]+))?")
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

WEEKDAY = NumberField(
    FLAG,
    "weekday",
    0,
    6,
    {name[:3]: number for number, name in enumerate(_WEEKDAYS)}
    | {name: number for number, name in enumerate(_WEEKDAYS)},
    only_names=True,
)
MONTH = NumberField(FLAG, "month", 1, 12)
DAY = NumberField(FLAG, "day", 1, 31)
HOUR = NumberField(FLAG, "hour", 0, 23)
MINUTE = NumberField(FLAG, "minute", 0, 59)


def parse_calendar_expression(text: str) -> Rule:
    """Read weekdays, a date and a time, each of which may be left out, or a shorthand.

    Raises WaremindError `invalid_input` that names the part it refuses, and the cure.
    """
    words = SHORTHANDS.get(text.strip().lower(), text).split()
    if not words or len(text) > LONGEST_TEXT:
        raise _refused(f"it is not 1 to {LONGEST_TEXT} characters long", LIKE)
    weekdays = words.pop(0) if words[0][0].isalpha() else "*"
    date = words.pop(0) if words and ":" not in words[0] else "*-*-*"
    time = words.pop(0) if words else "00:00"
    if words:
        raise _refused(f"{shown(' '.join(words))} follows the time", "say the zone with --tz")
    months, days = _date(date)
    hours, minutes = _time(time)
    return ClockTimes(
        minutes=minutes,
        hours=hours,
        month_days=days,
        months=months,
        weekdays=WEEKDAY.values(weekdays.removesuffix(",")),
    ).rule


def _date(text: str) -> tuple[Numbers, Numbers]:
    """Read the months and the days of a date; `~` counts days back from the month's end."""
    found = _DATE.fullmatch(text)
    if found is None:
        raise _refused(f"{shown(text)} is no date", LIKE)
    if found["year"] not in {None, "*"}:
        hint = "write *, and say where it begins with --start; a single time is --at"
        raise _refused(f"the year {shown(found['year'])} has no rule", hint)
    read = DAY.values if found["from"] == "-" or found["day"] == "*" else DAY.values_from_end
    return MONTH.values(found["month"]), read(found["day"])


def _time(text: str) -> tuple[Numbers, Numbers]:
    """Read the hours and the minutes of a time."""
    found = _TIME.fullmatch(text)
    if found is None:
        raise _refused(f"{shown(text)} is no time", LIKE)
    if found["second"] not in {None, "0", "00"}:
        hint = "leave the seconds out: a minute is the shortest"
        raise _refused(f"the second {shown(found['second'])} has no rule", hint)
    return HOUR.values(found["hour"]), MINUTE.values(found["minute"])


def _refused(reason: str, hint: str) -> WaremindError:
    return WaremindError(ErrorCode.INVALID_INPUT, f"cannot use {FLAG}: {reason}", hint=hint)
