"""Days off: holidays under a name, days that nobody works on, and where occurrences go then."""

import itertools
from calendar import day_name
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cache
from zoneinfo import ZoneInfo

from waremind.domain.planned import Fate, Note, Planned, clock_note
from waremind.domain.wall_time import instant_of, wall_of

EVERY_WEEKDAY = frozenset(range(7))
FARTHEST_DAYS = 366
DAY = timedelta(days=1)
WEEKDAY_NAMES = tuple(f"a {name}" for name in day_name)


class OnOff(StrEnum):
    """What a reminder does about an occurrence on a day off."""

    SKIP = "skip"
    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class DaysOffCalendar:
    """Days off and what each is called; nothing is known of days after `ends_on`."""

    name: str
    days: Mapping[date, str] = field(hash=False)
    ends_on: date


@dataclass(frozen=True, slots=True)
class DaysOff:
    """A reminder's calendars, its workdays (0 is Monday), and what it does about other days."""

    on_off: OnOff
    calendars: tuple[DaysOffCalendar, ...] = ()
    workdays: frozenset[int] = EVERY_WEEKDAY

    def name_of(self, day: date) -> str | None:
        """Name a day off; None: it is a working day."""
        for calendar in self.calendars:
            if (name := calendar.days.get(day)) is not None:
                return name or f"a day off of {calendar.name}"
        return None if day.weekday() in self.workdays else WEEKDAY_NAMES[day.weekday()]

    def working_day(self, day: date) -> date | None:
        """Return the day itself, or the nearest that the policy allows; None: there is none."""
        if self.name_of(day) is None:
            return day
        if self.on_off is OnOff.SKIP:
            return None
        step = -DAY if self.on_off is OnOff.BEFORE else DAY
        candidates = (day + step * number for number in range(1, FARTHEST_DAYS))
        return next((each for each in candidates if self.name_of(each) is None), None)

    def first_day(self, day: date) -> date:
        """Return from where on to look for what comes on `day` or later, or shares a day with it.

        That is the first of the days off before the last working day up to it.
        """
        if self.on_off is OnOff.SKIP:
            return day
        for _ in range(FARTHEST_DAYS):
            if self.name_of(day) is None:
                break
            day -= DAY
        for _ in range(FARTHEST_DAYS):
            if self.name_of(day - DAY) is None:
                break
            day -= DAY
        return day

    def moved(self, planned: Iterable[Planned], zone: ZoneInfo) -> Iterator[Planned]:
        """Move, or drop, what falls on days off; in the order of own times, as it came.

        Two days that land on one are one: what is there already stays, else what comes first.
        """
        return _Moving(self, zone).moved(planned)


class _Moving:
    """One pass over occurrences, which remembers what it has found out about days."""

    def __init__(self, days_off: DaysOff, zone: ZoneInfo) -> None:
        self._zone = zone
        self._on_off = days_off.on_off
        self._calendars = days_off.calendars
        self._name_of = cache(days_off.name_of)
        self._working_day = cache(days_off.working_day)
        self._target: date | None = None

    def moved(self, planned: Iterable[Planned]) -> Iterator[Planned]:
        dated = ((one, wall_of(one.at, self._zone).date()) for one in planned)
        groups: Iterable[Iterable[tuple[Planned, date]]]
        if self._on_off is OnOff.SKIP:
            groups = ([one] for one in dated)
        else:
            groups = (group for _, group in itertools.groupby(dated, self._shared))
        for group in groups:
            yield from self._landed(list(group))

    def _shared(self, dated: tuple[Planned, date]) -> date | None:
        """Return the working day that it shares; what stays goes with who came before."""
        one, day = dated
        if one.is_movable:
            self._target = self._working_day(day) or self._target
        return self._target

    def _landed(self, group: Sequence[tuple[Planned, date]]) -> Iterator[Planned]:
        """Place those that share a working day; the days are those that they come from."""
        days = [day for one, day in group if one.is_movable]
        stays = next((day for day in days if self._name_of(day) is None), min(days, default=None))
        for one, source in group:
            if not one.is_movable or self._name_of(source) is None:
                yield self._known(one, source)
            elif (target := self._working_day(source)) is None:
                yield one.dropped(Fate.DAY_OFF, self._lost(one, source))
            elif source == stays:
                yield self._placed(one, source, target)
            else:
                note = Note("day_merged", (one.nominal, self._name(source), target))
                yield one.dropped(Fate.MERGED, note)

    def _placed(self, one: Planned, source: date, target: date) -> Planned:
        """Move one to a working day, at its own time of day."""
        wall = datetime.combine(target, one.nominal.time())
        at = instant_of(wall, self._zone)
        notes = [Note(f"day_{self._on_off}", (one.nominal, self._name(source)))]
        if special := clock_note(wall, at, self._zone):
            notes.append(special)
        return self._known(one.placed(at, *notes), max(source, target))

    def _lost(self, one: Planned, source: date) -> Note:
        if self._on_off is OnOff.SKIP:
            return Note("day_skipped", (one.nominal, self._name(source)))
        return Note("day_lost", (one.nominal, self._name(source), self._on_off))

    def _name(self, day: date) -> str:
        return self._name_of(day) or ""

    def _known(self, one: Planned, day: date) -> Planned:
        """Say of which calendars a day lies beyond the end."""
        ended = [each for each in self._calendars if day > each.ends_on]
        if not ended:
            return one
        notes = (Note("calendar_ended", (each.name, each.ends_on)) for each in ended)
        return one._replace(notes=(*one.notes, *notes))
