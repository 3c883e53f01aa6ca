"""RFC 5545 recurrence rules: what they hold, and their one canonical text."""

from dataclasses import dataclass
from datetime import date, datetime, time
from enum import IntEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo

from waremind.domain.wall_time import last_instant

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
BY_PARTS = (
    "BYMONTH",
    "BYWEEKNO",
    "BYYEARDAY",
    "BYMONTHDAY",
    "BYDAY",
    "BYHOUR",
    "BYMINUTE",
    "BYSECOND",
    "BYSETPOS",
)


class Frequency(IntEnum):
    """How long a rule's period is, the longest first."""

    YEARLY = 0
    MONTHLY = 1
    WEEKLY = 2
    DAILY = 3
    HOURLY = 4
    MINUTELY = 5

    @property
    def is_sub_daily(self) -> bool:
        """Whether the rule counts real hours or minutes instead of days of the calendar."""
        return self >= Frequency.HOURLY


class Day(NamedTuple):
    """One value of BYDAY: a weekday (0 is Monday), and which one of its period (0: each)."""

    weekday: int
    nth: int = 0

    def __str__(self) -> str:
        """Write it as BYDAY does: `MO`, `2TU`, `-1FR`."""
        return f"{self.nth or ''}{WEEKDAYS[self.weekday]}"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A checked rule; fields are named as RFC 5545's parts, lists are sorted, empty if absent.

    `until` keeps the form it was written in: a date (that whole local day), a naive local time,
    or an aware time in UTC.
    """

    freq: Frequency
    interval: int = 1
    count: int | None = None
    until: date | datetime | None = None
    wkst: int = 0
    bymonth: tuple[int, ...] = ()
    byweekno: tuple[int, ...] = ()
    byyearday: tuple[int, ...] = ()
    bymonthday: tuple[int, ...] = ()
    byday: tuple[Day, ...] = ()
    byhour: tuple[int, ...] = ()
    byminute: tuple[int, ...] = ()
    bysecond: tuple[int, ...] = ()
    bysetpos: tuple[int, ...] = ()

    def values(self, part: str) -> tuple[int | Day, ...]:
        """Return the values of one of BY_PARTS."""
        return getattr(self, part.lower())

    @property
    def has_parts(self) -> bool:
        """Whether BY parts say which times of a period are meant, or which periods."""
        return any(self.values(part) for part in BY_PARTS)

    def ends_at(self, zone: ZoneInfo) -> datetime | None:
        """Return the last instant at which UNTIL lets the rule fire in `zone`, in UTC."""
        match self.until:
            case None:
                return None
            case datetime(tzinfo=None):
                return last_instant(self.until, zone)
            case datetime():
                return self.until
            case _:
                return last_instant(datetime.combine(self.until, time(23, 59, 59)), zone)

    def __str__(self) -> str:
        """Write the rule so that equal rules have equal texts."""
        parts = {
            "FREQ": self.freq.name,
            "INTERVAL": "" if self.interval == 1 else str(self.interval),
            "COUNT": "" if self.count is None else str(self.count),
            "UNTIL": _until_text(self.until),
        }
        parts |= {part: ",".join(map(str, self.values(part))) for part in BY_PARTS}
        parts["WKST"] = WEEKDAYS[self.wkst] if self.wkst else ""
        return ";".join(f"{part}={value}" for part, value in parts.items() if value)


def _until_text(until: date | datetime | None) -> str:
    match until:
        case None:
            return ""
        case datetime():
            return f"{until:%Y%m%dT%H%M%S}" + ("" if until.tzinfo is None else "Z")
        case _:
            return f"{until:%Y%m%d}"
