"""From a line of crontab(5), without its command, to a Rule."""

from waremind.domain.clock_times import ClockTimes
from waremind.domain.ids import shown
from waremind.domain.number_field import NumberField
from waremind.domain.rule import Rule
from waremind.errors import ErrorCode, WaremindError

FLAG = "--cron"
LONGEST_TEXT = 1_000
LIKE = 'write five fields, minute hour day month weekday: --cron "0 9 * * 1-5"'
NICKNAMES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec"
_WEEKDAYS = "sun mon tue wed thu fri sat"

MINUTE = NumberField(FLAG, "minute", 0, 59)
HOUR = NumberField(FLAG, "hour", 0, 23)
MONTH_DAY = NumberField(FLAG, "day of the month", 1, 31)
MONTH = NumberField(
    FLAG, "month", 1, 12, {name: number for number, name in enumerate(_MONTHS.split(), 1)}
)
WEEKDAY = NumberField(
    FLAG, "day of the week", 0, 7, {name: number for number, name in enumerate(_WEEKDAYS.split())}
)


def parse_crontab(text: str) -> Rule:
    """Read the five fields of a line, or a nickname such as `@daily`.

    Raises WaremindError `invalid_input` that names the field it refuses, and the cure.
    """
    minute, hour, day, month, weekday = _fields(text)
    if not day.startswith("*") and not weekday.startswith("*"):
        raise _refused(
            f"the day of the month {shown(day)} and the day of the week {shown(weekday)} are both"
            " restricted: crontab(5) fires on either, and no one rule does",
            "restrict one of them, and add a second reminder for the other",
        )
    weekdays = WEEKDAY.values(weekday)
    return ClockTimes(
        minutes=MINUTE.values(minute),
        hours=HOUR.values(hour),
        month_days=MONTH_DAY.values(day),
        months=MONTH.values(month),
        weekdays=_from_monday(weekdays),
    ).rule


def _fields(text: str) -> list[str]:
    line = text.strip()
    if len(line) > LONGEST_TEXT:
        raise _refused(f"it is longer than {LONGEST_TEXT} characters", LIKE)
    if line.startswith("@"):
        if line.lower() not in NICKNAMES:
            known = ", ".join(NICKNAMES)
            raise _refused(f"{shown(line)} is no time", f"one of {known}")
        line = NICKNAMES[line.lower()]
    fields = line.split()
    if len(fields) != len(("minute", "hour", "day", "month", "weekday")):
        raise _refused(f"{shown(line)} has {len(fields)} fields, not 5", f"{LIKE}, and no command")
    return fields


def _from_monday(weekdays: frozenset[int] | None) -> frozenset[int] | None:
    """Count from 0, Monday; crontab(5) counts from 0, Sunday, which is 7, too."""
    if weekdays is None:
        return None
    counted = frozenset((weekday - 1) % 7 for weekday in weekdays)
    return counted if len(counted) < len(_WEEKDAYS.split()) else None


def _refused(reason: str, hint: str) -> WaremindError:
    return WaremindError(ErrorCode.INVALID_INPUT, f"cannot use {FLAG}: {reason}", hint=hint)
