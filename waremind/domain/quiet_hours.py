"""Quiet hours: nothing leaves then; what would have is judged by misfire at their end."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Self
from zoneinfo import ZoneInfo

from waremind.domain.ids import shown
from waremind.domain.misfire import LATE_ONES_SENT, Misfire
from waremind.domain.planned import Fate, Note, Planned
from waremind.domain.wall_time import clock_change, instant_of, wall_of
from waremind.errors import ErrorCode, WaremindError

# What leaves at one instant is kept apart by the least that PostgreSQL tells apart.
APART = timedelta(microseconds=1)
# More than all that is kept apart takes; and than quiet hours last, also where a clock goes back.
JUST_NOW = timedelta(seconds=1)
LONGEST = timedelta(hours=27)
_CLOCK = r"((?:[01]?\d|2[0-3]):[0-5]\d)"
_HOURS = re.compile(rf"{_CLOCK}\s*-\s*{_CLOCK}", re.ASCII)


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From `begin` to before `end` on the local clock, over midnight if need be."""

    begin: time
    end: time

    @classmethod
    def parse(cls, text: str, *, flag: str = "--quiet-hours") -> Self:
        """Read `22:00-07:00`. Raises WaremindError `invalid_input`."""
        found = _HOURS.fullmatch(text.strip())
        if found is None:
            raise _refused(text, flag, "it is not two times of a day")
        begin, end = (time.fromisoformat(f"{clock:0>5}") for clock in found.groups())
        if begin == end:
            raise _refused(text, flag, "it begins when it ends")
        return cls(begin, end)

    def __str__(self) -> str:
        return f"{self.begin:%H:%M}-{self.end:%H:%M}"

    def _holds(self, clock: time) -> bool:
        if self.begin < self.end:
            return self.begin <= clock < self.end
        return clock >= self.begin or clock < self.end

    def end_of(self, at: datetime, zone: ZoneInfo) -> datetime | None:
        """Return when the clock first shows no quiet hour any more; None: it shows none at `at`."""
        if not self._holds(at.astimezone(zone).time()):
            return None
        wall = wall_of(at, zone)
        midnight = wall.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
        days = timedelta(days=int(wall.time() >= self.end))
        end = midnight + days + timedelta(hours=self.end.hour, minutes=self.end.minute)
        passes = (instant_of(end.replace(fold=fold), zone) for fold in (0, 1))
        shown = (instant for instant in passes if wall_of(instant, zone) == end)
        later = min((each for each in shown if each > at), default=instant_of(end, zone))
        changed = clock_change(at, later, zone)
        return (self.end_of(changed, zone) or changed) if changed else later

    def undelayed(self, since: datetime, zone: ZoneInfo) -> datetime:
        """Return from when on what is held back may leave, or be judged, at an instant or later.

        That is before the quiet hours which hold shortly before it: after their end come those
        that are kept apart.
        """
        shortly_before = since - JUST_NOW
        if not self._holds(shortly_before.astimezone(zone).time()):
            return since
        return shortly_before - LONGEST


@dataclass(frozen=True)
class Lateness:
    """How late is too late, and what becomes of it then."""

    grace: timedelta
    misfire: Misfire


def held_back(
    planned: Iterable[Planned], quiet: QuietHours | None, lateness: Lateness, zone: ZoneInfo
) -> Iterator[Planned]:
    """Hold back until their end what falls into quiet hours, and let go what is too late then.

    `planned` ascends; of what is yielded, all that fires ascends strictly.
    """
    last = None
    for one in _judged(planned, quiet, lateness, zone) if quiet else planned:
        if not one.fires:
            yield one
            continue
        if last is not None and one.at <= last:
            one = one._replace(at=last + APART, notes=(*one.notes, Note("apart")))  # noqa: PLW2901
        last = one.at
        yield one


def _judged(
    planned: Iterable[Planned], quiet: QuietHours, lateness: Lateness, zone: ZoneInfo
) -> Iterator[Planned]:
    waiting: list[Planned] = []
    end: datetime | None = None
    for one in planned:
        # What does not fire at the end itself may stand before what does.
        if end is not None and (one.at > end or (one.at == end and one.fires)):
            yield from _at_end(waiting, end, quiet, lateness, on_time=one.at == end)
            waiting, end = [], None
        if one.fires and (held_until := quiet.end_of(one.at, zone)):
            end = held_until
        if end is None:
            yield one
        else:
            waiting.append(one)
    if end is not None:
        yield from _at_end(waiting, end, quiet, lateness, on_time=False)


def _at_end(
    waiting: list[Planned], end: datetime, quiet: QuietHours, lateness: Lateness, *, on_time: bool
) -> Iterator[Planned]:
    """Judge what waits for the end as if it had been found there, late."""
    held = [one for one in waiting if one.fires]
    late = sum(end - one.at > lateness.grace for one in held)
    nothing_else = late == len(held) and not on_time
    wanted = LATE_ONES_SENT[lateness.misfire]
    if lateness.misfire is Misfire.ONCE and not nothing_else:
        wanted = 0
    given_up = {id(one) for one in held[: max(late - wanted, 0)]}
    for one in waiting:
        if not one.fires:
            yield one
        elif id(one) in given_up:
            yield _given_up(one, end, quiet, lateness)
        else:
            yield one._replace(at=end, notes=(*one.notes, Note("quiet", (str(quiet),))))


def _given_up(one: Planned, end: datetime, quiet: QuietHours, lateness: Lateness) -> Planned:
    note = Note("quiet_late", (str(quiet), end - one.at, lateness.misfire))
    return one._replace(at=end).dropped(Fate.QUIET, note)


def _refused(text: str, flag: str, reason: str) -> WaremindError:
    return WaremindError(
        ErrorCode.INVALID_INPUT,
        f"cannot use {flag} {shown(text)}: {reason}",
        hint=f"write it like {flag} 22:00-07:00",
    )
