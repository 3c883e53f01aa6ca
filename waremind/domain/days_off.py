"""Days off: holidays under a name, days that nobody works on, and where occurrences go then."""

from calendar import day_name
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo

from waremind.domain.planned import Fate, Note, Planned, clock_note
from waremind.domain.wall_time import instant_of

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
        """Return the nearest to a day off that the policy allows; None: there is none."""
        if self.on_off is OnOff.SKIP:
            return None
        step = -DAY if self.on_off is OnOff.BEFORE else DAY
        for _ in range(1, FARTHEST_DAYS):
            day += step
            if self.name_of(day) is None:
                return day
        return None

    def first_day(self, day: date) -> date:
        """Return from where on to look for what comes on `day` or later, or shares a day with it.

        That is the last working day up to it, or the first of the days off right before it.
        """
        if self.on_off is OnOff.SKIP:
            return day
        # Before a day off lies what it shares a working day with; after some, where they go to.
        nearer = day if self.on_off is OnOff.BEFORE else day - DAY
        for _ in range(FARTHEST_DAYS):
            if self.name_of(nearer) is None:
                break
            nearer -= DAY
        return nearer if self.on_off is OnOff.BEFORE else nearer + DAY

    def moved(self, planned: Iterable[Planned], zone: ZoneInfo) -> Iterator[Planned]:
        """Move, or drop, what falls on days off; in the order of own times, as it came.

        Two days that land on one are one: what is there already stays, else what comes first.
        """
        known_until = min((each.ends_on for each in self.calendars), default=date.max)
        return _Moving(self, zone, known_until).moved(planned)


class _Dated(NamedTuple):
    """An occurrence, its local day, the name of a day off, and the working day for it."""

    one: Planned
    day: date
    name: str | None
    target: date | None


@dataclass(frozen=True, slots=True)
class _Moving:
    """One pass over occurrences."""

    days_off: DaysOff
    zone: ZoneInfo
    known_until: date

    def moved(self, planned: Iterable[Planned]) -> Iterator[Planned]:
        dated = self._dated(planned)
        return self._after(dated) if self.days_off.on_off is OnOff.AFTER else self._before(dated)

    def _dated(self, planned: Iterable[Planned]) -> Iterator[_Dated]:
        day = name = target = None
        for one in planned:
            today = one.at.astimezone(self.zone).date()
            if today != day:
                day, name = today, self.days_off.name_of(today)
                target = day if name is None else self.days_off.working_day(day)
            yield _Dated(one, today, name, target)

    def _before(self, dated: Iterable[_Dated]) -> Iterator[Planned]:
        """Place them as they come: the first of those that share a working day stays."""
        shared = stays = None
        for each in dated:
            one, day, _, target = each
            if target != shared and target and one.is_movable:
                shared, stays = target, day
            yield self._landed(each, stays)

    def _after(self, dated: Iterable[_Dated]) -> Iterator[Planned]:
        """Place those that share a working day once all are known: of it is who stays there."""
        shared: date | None = None
        group: list[_Dated] = []
        for each in dated:
            if each.target != shared and each.target and each.one.is_movable:
                yield from self._all_landed(group)
                shared, group = each.target, []
            group.append(each)
        yield from self._all_landed(group)

    def _all_landed(self, group: Sequence[_Dated]) -> Iterator[Planned]:
        movable = [each for each in group if each.one.is_movable]
        days = (each.day for each in movable)
        stays = next((each.day for each in movable if not each.name), min(days, default=None))
        return (self._landed(each, stays) for each in group)

    def _landed(self, dated: _Dated, stays: date | None) -> Planned:
        """Place one; of days off that share a working day, those of one day stay."""
        one, day, name, target = dated
        if name is None or not one.is_movable:
            return one if day <= self.known_until else self._known(one, day)
        if target is None:
            return one.dropped(Fate.DAY_OFF, self._lost(one, name))
        if day == stays:
            return self._known(self._placed(one, name, target), max(day, target))
        return one.dropped(Fate.MERGED, Note("day_merged", (one.nominal, name, target)))

    def _placed(self, one: Planned, name: str, target: date) -> Planned:
        """Move one to a working day, at its own time of day."""
        wall = datetime.combine(target, one.nominal.time())
        at = instant_of(wall, self.zone)
        moved = Note(f"day_{self.days_off.on_off}", (one.nominal, name))
        special = clock_note(wall, at, self.zone)
        return one.placed(at, moved, special) if special else one.placed(at, moved)

    def _lost(self, one: Planned, name: str) -> Note:
        if self.days_off.on_off is OnOff.SKIP:
            return Note("day_skipped", (one.nominal, name))
        return Note("day_lost", (one.nominal, name, self.days_off.on_off))

    def _known(self, one: Planned, day: date) -> Planned:
        """Say of which calendars a day lies beyond the end."""
        ended = [each for each in self.days_off.calendars if day > each.ends_on]
        if not ended:
            return one
        notes = (Note("calendar_ended", (each.name, each.ends_on)) for each in ended)
        return one._replace(notes=(*one.notes, *notes))
