"""Local clocks: IANA zones, times as operators write them, and the instants they stand for."""

import difflib
import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from waremind.domain.ids import MAX_NAME, shown
from waremind.errors import ErrorCode, WaremindError

# Outside these years nothing is scheduled: before them zones were no whole minutes, and
# arithmetic near the ends of `datetime` overflows.
FIRST_YEAR = 1970
LAST_YEAR = 2199
LAST_INSTANT = datetime(LAST_YEAR, 12, 31, tzinfo=UTC)
# Machines list these beside the IANA names; they mean something else on each machine, or nothing.
NOT_ZONES = frozenset({"Factory", "localtime", "posixrules"})
WHEN = "2026-12-01T09:00"

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
_WHEN = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d))?(Z|[+-]\d\d:\d\d)?", re.ASCII | re.IGNORECASE
)
_BARE_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_BARE_TIME = re.compile(r"\d\d?:\d\d(:\d\d)?", re.ASCII)


def _refused(what: str, reason: str, hint: str) -> WaremindError:
    return WaremindError(ErrorCode.INVALID_INPUT, f"cannot use {what}: {reason}", hint=hint)


@cache
def _zone_names() -> frozenset[str]:
    return frozenset(available_timezones()) - NOT_ZONES


def _nearest_zones(name: str) -> list[str]:
    """Return up to three zones that look like `name`: by full name, or by city alone."""
    if len(name) > MAX_NAME:  # it looks like none, which difflib would find out slowly
        return []
    known: dict[str, list[str]] = {}
    for zone in sorted(_zone_names()):
        for key in {zone.casefold(), zone.rpartition("/")[2].casefold()}:
            known.setdefault(key, []).append(zone)
    wanted = name.strip().casefold().replace(" ", "_")
    found = difflib.get_close_matches(wanted, known, n=3, cutoff=0.7)
    return list(dict.fromkeys(zone for key in found for zone in known[key]))[:3]


def choose_zone(name: str | None, default: str | None) -> ZoneInfo:
    """Return the IANA zone an operator named with `--tz`, else the daemon's `default_tz`.

    Raises WaremindError (`invalid_input`) if neither names a zone that is known here.
    """
    chosen = default or None if name is None else name
    if chosen is None:
        raise _refused(
            "a local time without a zone",
            "neither --tz nor default_tz is set",
            "give --tz, for example --tz Europe/Berlin, or set default_tz in config.toml",
        )
    if chosen not in _zone_names():
        nearest = ", ".join(_nearest_zones(chosen))
        raise _refused(
            f"the zone {shown(chosen)}",
            "it is not an IANA time zone",
            f"nearest: {nearest}" if nearest else "name it by area and city: Europe/Berlin",
        )
    return ZoneInfo(chosen)


def parse_local(text: str, *, flag: str = "--start") -> datetime:
    """Read `2026-12-01T09:00[:SS]`, a naive time on the local clock of the reminder's zone.

    Raises WaremindError (`invalid_input`) on anything else, an offset included.
    """
    when = _parsed(text, flag)
    if when.tzinfo is not None:
        raise _refused(
            f"{flag} {shown(text)}",
            "it is local to the zone and carries no offset",
            f"write {flag} {when:%Y-%m-%dT%H:%M:%S} and name the zone with --tz",
        )
    return when


def parse_instant(text: str, zone: ZoneInfo, *, flag: str = "--at") -> datetime:
    """Read a time local to `zone`, or one with an offset or Z, and return the instant in UTC.

    A local time that does not exist is shifted forward by the gap; of two, the first is meant.
    Raises WaremindError (`invalid_input`) on anything else.
    """
    when = _parsed(text, flag)
    return instant_of(when, zone) if when.tzinfo is None else when.astimezone(UTC)


def _parsed(text: str, flag: str) -> datetime:
    found = _WHEN.fullmatch(text.strip())
    if found is None:
        raise _malformed(text, flag)
    *numbers, offset = found.groups(default="0")
    try:
        when = datetime(*map(int, numbers), tzinfo=_offset(offset))
    except ValueError as error:
        raise _refused(f"{flag} {shown(text)}", str(error), f"write it like {WHEN}") from None
    if not FIRST_YEAR <= when.year <= LAST_YEAR:
        raise _refused(
            f"{flag} {shown(text)}",
            "the year is out of range",
            f"use a year from {FIRST_YEAR} to {LAST_YEAR}",
        )
    return when


def _malformed(text: str, flag: str) -> WaremindError:
    what, given = f"{flag} {shown(text)}", text.strip()
    if _BARE_DATE.fullmatch(given):
        return _refused(what, "it has no time", f"add one: {given}T09:00")
    if _BARE_TIME.fullmatch(given):
        return _refused(what, "it has no date", f"add one: 2026-12-01T{given:0>5}")
    return _refused(what, "it is not a date and time", f"write it like {WHEN}")


def _offset(text: str) -> timezone | None:
    """Return the zone of `Z`, `+05:30`, or of no offset at all ("0")."""
    if text == "0":
        return None
    if text in "Zz":
        return UTC
    hours, minutes = int(text[1:3]), int(text[4:6])
    if hours > 23:  # noqa: PLR2004 - hours of a day
        raise ValueError("hours of the offset must be in 0..23")
    if minutes > 59:  # noqa: PLR2004 - minutes of an hour
        raise ValueError("minutes of the offset must be in 0..59")
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if text[0] == "-" else offset)


def instant_of(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return the UTC instant at which the local clock shows the naive `wall`.

    A time in a gap is shifted forward by the gap; of two in a fold the first is meant, unless
    `wall.fold` says the second.
    """
    return wall.replace(tzinfo=zone).astimezone(UTC)


def last_instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return the UTC instant at which the local clock shows `wall` for the last time."""
    return max(instant_of(wall.replace(fold=fold), zone) for fold in (0, 1))


def wall_of(at: datetime, zone: ZoneInfo) -> datetime:
    """Return what the local clock shows at an instant, naive; `fold` tells the second pass."""
    return at.astimezone(zone).replace(tzinfo=None)


def is_ambiguous(wall: datetime, zone: ZoneInfo) -> bool:
    """Return whether the local clock shows the naive `wall` twice."""
    first, second = (instant_of(wall.replace(fold=fold), zone) for fold in (0, 1))
    return first < second


def recent_gap(at: datetime, zone: ZoneInfo) -> timedelta:
    """Return by how much the local clock was put forward in the day before an instant."""
    now, before = (moment.astimezone(zone).utcoffset() for moment in (at, at - _DAY))
    return max((now or timedelta()) - (before or timedelta()), timedelta())


def clock_change(after: datetime, until: datetime, zone: ZoneInfo) -> datetime | None:
    """Return the first second in (after, until], UTC, with another offset; None: there is none."""
    offset = after.astimezone(zone).utcoffset()
    low, high = 0, (until - after) // _SECOND
    if (after + high * _SECOND).astimezone(zone).utcoffset() == offset:
        return None
    while high - low > 1:
        middle = (low + high) // 2
        same = (after + middle * _SECOND).astimezone(zone).utcoffset() == offset
        low, high = (middle, high) if same else (low, middle)
    return after + high * _SECOND


def wall_text(wall: datetime) -> str:
    """Write a local time to the second, as RFC 3339 does but without an offset."""
    return wall.isoformat(timespec="seconds")


def rfc3339(at: datetime, zone: tzinfo = UTC) -> str:
    """Write an instant as output shows it (RFC 3339): with seconds and the offset of `zone`."""
    return at.astimezone(zone).isoformat(timespec="seconds")


def optional_rfc3339(at: datetime | None, zone: tzinfo = UTC) -> str | None:
    """Write an instant as `rfc3339` does; None stays None."""
    return rfc3339(at, zone) if at else None
