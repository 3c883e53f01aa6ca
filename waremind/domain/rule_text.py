"""From an RRULE's text to a Rule; what is refused is refused with its part named."""

import difflib
import re
from calendar import monthrange
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from waremind.domain.ids import shown
from waremind.domain.rule import BY_PARTS, WEEKDAYS, Day, Frequency, Rule
from waremind.domain.wall_time import FIRST_YEAR, LAST_YEAR
from waremind.errors import ErrorCode, WaremindError

LONGEST_TEXT = 1_000
KEPT = 1_000  # rules that were read lately: what is due together often has one rule
HIGHEST_NUMBER = 1_000_000
WEEKS_IN_MONTH = 5
WEEKS_IN_YEAR = 53
LIKE = "write it like FREQ=DAILY, or FREQ=WEEKLY;BYDAY=MO,FR"
PARTS = ("FREQ", "INTERVAL", "COUNT", "UNTIL", *BY_PARTS, "WKST")
REFUSED_PARTS = {
    "BYEASTER": "it is not in RFC 5545; name the dates by --at",
    "RSCALE": "other calendars (RFC 7529) are not supported; leave it out",
    "SKIP": "skipping (RFC 7529) is not supported; BYMONTHDAY=-1 is the last day of each month",
    "DTSTART": "say it with --start",
    "TZID": "say it with --tz",
    "RDATE": "one rule is all a reminder has; add a second reminder",
    "EXDATE": "one rule is all a reminder has; leave it out",
}


class Range(NamedTuple):
    """Which numbers a part takes; a signed one takes their negatives too."""

    lowest: int
    highest: int
    signed: bool = False

    def takes(self, number: int) -> bool:
        """Return whether `number` is in the range."""
        return self.lowest <= (abs(number) if self.signed else number) <= self.highest

    def __str__(self) -> str:
        """Write the range for people."""
        counted_back = f", or -{self.highest} to -{self.lowest}" if self.signed else ""
        return f"{self.lowest} to {self.highest}{counted_back}"


RANGES = {
    "INTERVAL": Range(1, HIGHEST_NUMBER),
    "COUNT": Range(1, HIGHEST_NUMBER),
    "BYMONTH": Range(1, 12),
    "BYWEEKNO": Range(1, WEEKS_IN_YEAR, signed=True),
    "BYYEARDAY": Range(1, 366, signed=True),
    "BYMONTHDAY": Range(1, 31, signed=True),
    "BYHOUR": Range(0, 23),
    "BYMINUTE": Range(0, 59),
    "BYSECOND": Range(0, 59),
    "BYSETPOS": Range(1, 366, signed=True),
}
_YEARLY, _MONTHLY, _WEEKLY, _DAILY, _HOURLY, _MINUTELY = Frequency
# RFC 5545's table of parts and frequencies; a part that is not here goes with each.
GOES_WITH = {
    "BYWEEKNO": {_YEARLY},
    "BYYEARDAY": {_YEARLY, _HOURLY, _MINUTELY},
    "BYMONTHDAY": {_YEARLY, _MONTHLY, _DAILY, _HOURLY, _MINUTELY},
}

_NUMBER = re.compile(r"[+-]?\d{1,7}", re.ASCII)
_PREFIX = re.compile(r"^RRULE:", re.ASCII | re.IGNORECASE)
_STRANGE = re.compile(r"[^A-Z0-9=,+_-]", re.ASCII | re.IGNORECASE)
_DAY = re.compile(r"([+-]?\d{1,2})?([A-Z]{2})", re.ASCII | re.IGNORECASE)
_UNTIL = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z?))?", re.ASCII | re.IGNORECASE)


def _refused(reason: str, hint: str) -> WaremindError:
    return WaremindError(ErrorCode.INVALID_INPUT, f"cannot use the rule: {reason}", hint=hint)


@lru_cache(KEPT)
def parse_rule(text: str) -> Rule:
    """Read an RFC 5545 RRULE value, with or without a leading `RRULE:`.

    Google ends its rules with a `;`, and Exchange puts spaces into BYDAY: both are read.
    Raises WaremindError (`invalid_input`) that names the part it refuses, and the cure.
    """
    parts = _parts(text)
    fields = {part.lower(): _READERS[part](part, value) for part, value in parts.items()}
    rule = Rule(**fields)
    for check in (_check_end, _check_frequency, _check_days, _check_dates, _check_positions):
        check(rule)
    return rule


def _parts(text: str) -> dict[str, str]:
    """Split the text into its parts, each known and there once, FREQ among them."""
    value = _PREFIX.sub("", text.strip()).removesuffix(";")
    if not value:
        raise _refused("it is empty", "write at least a frequency: FREQ=DAILY")
    if len(value) > LONGEST_TEXT:
        raise _refused(f"it is longer than {LONGEST_TEXT} characters", "use fewer values")
    parts: dict[str, str] = {}
    for piece in value.split(";"):
        name, _, given = piece.partition("=")
        part = name.upper()
        _check_name(part, name, piece)
        _check_characters(part, given)
        if not given:
            raise _refused(f"{part} has no value", f"write {part}=…, or leave it out")
        if part in parts:
            raise _refused(f"{part} is there twice", "join the values by commas, or drop one")
        parts[part] = given
    if "FREQ" not in parts:
        raise _refused("FREQ is missing", f"start it with FREQ={'|'.join(Frequency.__members__)}")
    return parts


def _check_name(part: str, name: str, piece: str) -> None:
    if not piece:
        raise _refused("a part is empty", "put one ';' between parts")
    if part in REFUSED_PARTS:
        raise _refused(f"{part} is not taken", REFUSED_PARTS[part])
    if part.startswith("X-"):
        raise _refused(f"{part} is not taken", "X- parts mean nothing here; leave it out")
    if part not in PARTS:
        hint = _nearest(part, PARTS) if "=" in piece else LIKE
        raise _refused(f"{shown(name)} is not a part of a rule", hint)


def _check_characters(part: str, given: str) -> None:
    if strange := _STRANGE.search(given.replace(" ", "") if part == "BYDAY" else given):
        raise _refused(
            f"{part} has the character {shown(strange[0])} in it",
            "a value has letters, digits, and ',' between values",
        )


def _nearest(given: str, known: tuple[str, ...]) -> str:
    found = difflib.get_close_matches(given, known, n=1)
    return f"nearest: {found[0]}" if found else f"known: {', '.join(known)}"


def _frequency(_part: str, value: str) -> Frequency:
    name = value.upper()
    if name == "SECONDLY":
        raise _refused("FREQ=SECONDLY is not taken", "MINUTELY is the shortest")
    if name not in Frequency.__members__:
        raise _refused(
            f"FREQ={value} is not a frequency", _nearest(name, tuple(Frequency.__members__))
        )
    return Frequency[name]


def _number(part: str, value: str) -> int:
    allowed = RANGES[part]
    if _NUMBER.fullmatch(value) is None or not allowed.takes(int(value)):
        raise _refused(f"{part}={value} is out of range", f"{part} takes {allowed}")
    return int(value)


def _numbers(part: str, value: str) -> tuple[int, ...]:
    return tuple(sorted({_number(part, number) for number in value.split(",")}))


def _weekday(part: str, value: str) -> int:
    if value.upper() not in WEEKDAYS:
        raise _refused(f"{part}={value} is not a weekday", f"{part} takes {', '.join(WEEKDAYS)}")
    return WEEKDAYS.index(value.upper())


def _day(part: str, value: str) -> Day:
    found = _DAY.fullmatch(value)
    weekday = _weekday(part, found[2] if found else value)
    nth = int(found[1]) if found and found[1] else None
    if nth is not None and not 1 <= abs(nth) <= WEEKS_IN_YEAR:
        raise _refused(f"{part}={value} is out of range", f"count from 1 to {WEEKS_IN_YEAR}")
    return Day(weekday, nth or 0)


def _days(part: str, value: str) -> tuple[Day, ...]:
    return tuple(sorted({_day(part, day.strip(" ")) for day in value.split(",")}))


def _until(part: str, value: str) -> date | datetime:
    hint = "write UNTIL=20261231, UNTIL=20261231T090000 (local) or UNTIL=20261231T080000Z"
    found = _UNTIL.fullmatch(value)
    if found is None:
        raise _refused(f"{part}={value} is not a date or a time", hint)
    *numbers, zone = found.groups()
    try:
        until = (
            date(*map(int, numbers[:3]))
            if zone is None
            else datetime(*map(int, numbers), tzinfo=UTC if zone else None)
        )
    except ValueError as error:
        raise _refused(f"{part}={value}: {error}", hint) from None
    if not FIRST_YEAR <= until.year <= LAST_YEAR:
        raise _refused(f"{part}={value} is out of range", "leave UNTIL out to go on for ever")
    return until


_READERS: dict[str, Callable[[str, str], Any]] = {
    "FREQ": _frequency,
    "INTERVAL": _number,
    "COUNT": _number,
    "UNTIL": _until,
    **dict.fromkeys(BY_PARTS, _numbers),
    "BYDAY": _days,
    "WKST": _weekday,
}


def _check_end(rule: Rule) -> None:
    if rule.count is not None and rule.until is not None:
        raise _refused("COUNT and UNTIL exclude each other", "keep the one that ends the rule")


def _check_frequency(rule: Rule) -> None:
    for part, frequencies in GOES_WITH.items():
        if rule.values(part) and rule.freq not in frequencies:
            names = ", ".join(frequency.name for frequency in sorted(frequencies))
            raise _refused(
                f"{part} does not go with FREQ={rule.freq.name}", f"{part} goes with {names}"
            )


def _check_days(rule: Rule) -> None:
    """Refuse a counted weekday (2TU) where there is nothing to count it in."""
    for day in rule.byday:
        if day.nth and rule.freq > Frequency.MONTHLY:
            raise _refused(
                f"BYDAY={day} does not go with FREQ={rule.freq.name}",
                f"use FREQ=MONTHLY or YEARLY, or BYDAY={WEEKDAYS[day.weekday]}",
            )
        if day.nth and rule.byweekno:
            raise _refused(
                f"BYDAY={day} does not go with BYWEEKNO", f"use BYDAY={WEEKDAYS[day.weekday]}"
            )
        if abs(day.nth) > WEEKS_IN_MONTH and (rule.freq is _MONTHLY or rule.bymonth):
            raise _refused(
                f"BYDAY={day} is out of range", f"a month has at most {WEEKS_IN_MONTH} of them"
            )


def _check_dates(rule: Rule) -> None:
    """Refuse days that none of the rule's months has."""
    longest = max((monthrange(2024, month)[1] for month in rule.bymonth), default=31)
    if rule.bymonthday and min(map(abs, rule.bymonthday)) > longest:
        days, months = (",".join(map(str, v)) for v in (rule.bymonthday, rule.bymonth))
        raise _refused(
            f"BYMONTHDAY={days} never falls in BYMONTH={months}",
            "BYMONTHDAY=-1 is the last day of each month",
        )


def _check_positions(rule: Rule) -> None:
    if rule.bysetpos and not any(rule.values(part) for part in BY_PARTS[:-1]):
        raise _refused("BYSETPOS needs another BY part to pick from", "add one, or leave it out")
