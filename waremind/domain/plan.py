"""A reminder's plan: its rule, and all that bends it, as one stream of planned occurrences.

The data's way: rule → exceptions → days off → numbers → leads → order → quiet hours. Each stage
takes and gives an iterator; none loses an occurrence: what does not fire says so, and why.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from waremind.domain.days_off import DaysOff
from waremind.domain.exceptions import NO_EXCEPTIONS, Exceptions
from waremind.domain.misfire import Misfire
from waremind.domain.order import Reach, in_order
from waremind.domain.planned import Fate, Note, Planned, Position, clock_note
from waremind.domain.quiet_hours import Lateness, QuietHours, held_back
from waremind.domain.recurrence import Occurrence, Recurrence
from waremind.domain.wall_time import instant_of, wall_of

NEVER_LATE = Lateness(timedelta(), Misfire.SKIP)
# By so much at most what is known of a zone moves an occurrence.
ASTRAY = timedelta(days=2)
# Whose fate leaves the next ones their numbers.
UNCOUNTED = frozenset({Fate.EXCEPTED, Fate.SKIPPED, Fate.DAY_OFF, Fate.MERGED})


@dataclass(frozen=True)
class Plan:
    """A recurrence, what bends it, and whether somebody asks for the numbers of its occurrences.

    `skipped_count` says that those that are left out use up a number.
    """

    recurrence: Recurrence
    exceptions: Exceptions = NO_EXCEPTIONS
    days_off: DaysOff | None = None
    leads: tuple[timedelta, ...] = ()
    quiet: QuietHours | None = None
    lateness: Lateness = NEVER_LATE
    numbered: bool = False
    skipped_count: bool = False

    @property
    def zone(self) -> ZoneInfo:
        """Whose local clock all of it is read off."""
        return self.recurrence.zone

    @property
    def is_bare(self) -> bool:
        """Whether nothing bends the rule."""
        bent = self.exceptions or self.days_off or self.leads or self.quiet
        return not (bent or self.numbered)

    def occurrences(
        self, after: datetime, *, inclusive: bool = False, since: Position | None = None
    ) -> Iterator[Planned]:
        """Yield what is planned strictly after an instant (from it on, if inclusive), ascending.

        What has numbers is counted from `since`, known already, or else from the start.
        """
        if self.is_bare:
            known = since and Occurrence(since.at, since.nominal, since.ordinal)
            found = self.recurrence.occurrences(after, inclusive=inclusive, since=known)
            return map(Planned.of, found)
        known = since if since and since.at <= after else None
        planned = self._planned(after, known)
        if inclusive:
            return itertools.dropwhile(lambda one: one.at < after, planned)
        return itertools.dropwhile(lambda one: one.at <= after, planned)

    def going_on(self, due: Position) -> Iterator[Planned]:
        """Yield a stored occurrence, and what is planned after it.

        What quiet hours have come to forbid since waits for their end.
        """
        known = Occurrence(due.at, due.nominal, due.ordinal)
        if self.is_bare:
            yield from map(Planned.of, self.recurrence.going_on(known))
            return
        planned = self._planned(due.at, due)
        passed: list[Planned] = []
        for one in planned:
            if self._is(one, due):
                is_late = one.at < due.at and one.fires
                yield one._replace(at=due.at) if is_late else one
                break
            passed.append(one)
            if one.at > due.at + ASTRAY:
                yield from _after_lost(due, passed)
                break
        else:
            yield from _after_lost(due, passed)
        yield from planned

    def named(self, own: datetime) -> Planned | None:
        """Return the occurrence whose own local time this is, where its rule has it."""
        at = instant_of(own, self.zone)
        found = self.recurrence.occurrences(at, inclusive=True)
        first = next(self.exceptions.named(found, at, 0, self.zone), None)
        return first if first and first.nominal == own else None

    def _is(self, one: Planned, due: Position) -> bool:
        """Tell whether something stored is this one."""
        if (one.nominal, one.lead) != (due.nominal, due.lead):
            return False
        return one.at == due.at or not self._has_namesakes

    @property
    def _has_namesakes(self) -> bool:
        """Whether two occurrences may have one own time, which the clock shows twice."""
        rule = self.recurrence.rule
        return rule is not None and rule.freq.is_sub_daily

    def _planned(self, since: datetime, known: Position | None) -> Iterator[Planned]:
        """Yield all that is planned from an instant on, and some that came before."""
        zone = self.zone
        own_at = self._own_instant(known) if known else None
        if known and own_at:
            since = min(since, own_at - known.lead)
        if self.quiet:
            since = self.quiet.undelayed(since, zone)
        planned = self._named(since, known, own_at)
        if self.exceptions:
            planned = self.exceptions.applied(planned, zone)
        if self.days_off:
            planned = self.days_off.moved(planned, zone)
        if self.numbered:
            planned = self._counted(planned, known, own_at)
        by_days = self.days_off is not None
        reach = Reach(zone, self.leads, self.exceptions.moves_back(zone), by_days)
        judged = held_back(in_order(planned, reach, since), self.quiet, self.lateness, zone)
        if known and self.numbered and self._has_namesakes:
            return self._numbered_on(judged, known)
        return judged

    def _named(
        self, since: datetime, known: Position | None, own_at: datetime | None
    ) -> Iterator[Planned]:
        """Yield what the rule and an operator name from where on it matters for an instant."""
        first = self._first(since)
        if self.numbered and known is None:
            first = min(first, self.recurrence.starts_at, self.exceptions.begin(self.zone, first))
        last = (self.recurrence.rule and self.recurrence.rule.count) or 0
        if known and own_at and 0 < known.ordinal <= last:
            counted = Occurrence(own_at, known.nominal, known.ordinal)
            found = self.recurrence.around(first, counted)
        else:
            found = self.recurrence.occurrences(first, inclusive=True)
        return self.exceptions.named(found, first, last and last + 1, self.zone)

    def _first(self, since: datetime) -> datetime:
        """Return from which own instant on something may leave at an instant or later."""
        wall = wall_of(since, self.zone)
        first = self._together(wall)
        if origin := self.exceptions.origin(first, wall):
            first = self._together(origin)
        return min(instant_of(first, self.zone), since)

    def _together(self, wall: datetime) -> datetime:
        """Return where those begin that days off may move to a local time or later."""
        if self.days_off is None:
            return wall
        return datetime.combine(self.days_off.first_day(wall.date()), time())

    def _own_instant(self, known: Position) -> datetime:
        """Return when the rule has a stored occurrence."""
        if not known.lead and wall_of(known.at, self.zone) == known.nominal:
            return known.at  # also where the clock shows it twice
        return instant_of(known.nominal, self.zone)

    def _counted(
        self, planned: Iterator[Planned], known: Position | None, own_at: datetime | None
    ) -> Iterator[Planned]:
        """Give each the number of those that count before it; one that is known has its own."""
        number = 0
        if known and own_at:
            before, planned = itertools.tee(planned)
            earlier = itertools.takewhile(lambda one: one.own_at < own_at, before)
            number = known.number - sum(map(self._counts, earlier))
        for one in planned:
            yield one.counted(number)
            number += self._counts(one)

    def _numbered_on(self, planned: Iterator[Planned], known: Position) -> Iterator[Planned]:
        """Go on from a known one's number: when it leaves tells which of its namesakes it is."""
        ahead = 0
        for one in planned:
            if self._is(one, known):
                ahead = known.number - one.number
            yield one.counted(one.number + ahead) if ahead else one

    def _counts(self, one: Planned) -> bool:
        return one.fate is Fate.FIRES or self.skipped_count or one.fate not in UNCOUNTED


def _after_lost(due: Position, passed: list[Planned]) -> Iterator[Planned]:
    """Yield what was stored and is planned no more, and what comes after it."""
    lost = Planned.of(Occurrence(due.at, due.nominal, due.ordinal))
    yield lost._replace(number=due.number, lead=due.lead)
    yield from (one for one in passed if one.at > due.at)


def explained(one: Planned, zone: ZoneInfo) -> tuple[Note, ...]:
    """Say all that makes an occurrence be where it is."""
    stayed = one.announces == one.own_at
    special = clock_note(one.nominal, one.own_at, zone) if stayed else None
    return (special, *one.notes) if special else one.notes
