"""When a reminder fires: the one function behind both its preview and its scheduler."""

import itertools
from bisect import insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import NamedTuple, Self
from zoneinfo import ZoneInfo

from waremind.domain.recurrence_days import explicit, wall_times
from waremind.domain.recurrence_steps import real_times
from waremind.domain.rule import Rule
from waremind.domain.wall_time import LAST_INSTANT, instant_of, recent_gap, wall_of


class Occurrence(NamedTuple):
    """One time at which a recurrence fires; all that has to be stored to go on from it.

    `at` is the instant, in UTC (aware times of one zone would compare by their wall clocks).
    `nominal` is the naive local time that the rule named; in a gap the clock shows another at `at`.
    `ordinal` is its place, from 1, in a rule with COUNT; 0 without.
    """

    at: datetime
    nominal: datetime
    ordinal: int = 0


@dataclass(frozen=True)
class Recurrence:
    """A rule (None: it fires once, at its start), its naive local start, and the zone of both."""

    rule: Rule | None
    start: datetime
    zone: ZoneInfo

    @classmethod
    def once(cls, at: datetime, zone: ZoneInfo) -> Self:
        """Return what fires at one instant only; its output is in `zone`."""
        return cls(None, wall_of(at, zone), zone)

    @cached_property
    def starts_at(self) -> datetime:
        """The instant of the start, in UTC."""
        return instant_of(self.start, self.zone)

    @cached_property
    def ends_at(self) -> datetime:
        """The last instant at which it may fire, in UTC."""
        until = self.rule.ends_at(self.zone) if self.rule else None
        return until or LAST_INSTANT

    def occurrences(
        self, after: datetime, *, inclusive: bool = False, since: Occurrence | None = None
    ) -> Iterator[Occurrence]:
        """Yield what fires strictly after an instant (from it on, if inclusive), ascending.

        A rule with COUNT is counted from `since`, an occurrence of it that is known already, or
        else from its start. Other rules need no counting, however old they are.
        """
        if self.rule is None or self.rule.count is None:
            return self._numbered(after, itertools.repeat(0), inclusive=inclusive)
        if since is None or since.at > after:
            counted = self._numbered(self.starts_at, itertools.count(1), inclusive=True)
        else:
            counted = itertools.chain((since,), self.following(since))
        return _from(counted, after, inclusive=inclusive)

    def following(self, occurrence: Occurrence) -> Iterator[Occurrence]:
        """Yield what fires after an occurrence, which may come from a store.

        Rules of days go on from its nominal time, so that news about a zone neither repeats nor
        skips one; real hours and minutes, and what fires once, go on from its instant.
        """
        is_real = self.rule is None or self.rule.freq.is_sub_daily
        after = occurrence.at if is_real else instant_of(occurrence.nominal, self.zone)
        counted = itertools.count(occurrence.ordinal + 1)
        ordinals = counted if occurrence.ordinal else itertools.repeat(0)
        return self._numbered(after, ordinals, inclusive=False)

    def around(self, first: datetime, known: Occurrence) -> Iterator[Occurrence]:
        """Yield what fires from an instant on, counted by one that is known and not before it."""
        first = max(first, self.starts_at)
        found, before = itertools.tee(_from(self._unended(first), first, inclusive=True))
        earlier = itertools.takewhile(lambda occurrence: occurrence.at <= known.at, before)
        place = known.ordinal - sum(1 for _ in earlier)
        last = (self.rule and self.rule.count) or 0
        named = enumerate(found, place + 1)
        counted = (occurrence._replace(ordinal=ordinal) for ordinal, occurrence in named)
        return itertools.takewhile(lambda occurrence: occurrence.ordinal <= last, counted)

    def going_on(self, occurrence: Occurrence) -> Iterator[Occurrence]:
        """Yield an occurrence and what fires after it."""
        yield occurrence
        yield from self.following(occurrence)

    def _numbered(
        self, after: datetime, ordinals: Iterator[int], *, inclusive: bool
    ) -> Iterator[Occurrence]:
        """Yield occurrences until the rule ends, by UNTIL, by COUNT, or with the calendar."""
        if after < self.starts_at:
            after, inclusive = self.starts_at, True
        last = (self.rule and self.rule.count) or 0
        ends_at = self.ends_at
        unended = _from(self._unended(after), after, inclusive=inclusive)
        if not last:
            return itertools.takewhile(lambda found: found.at <= ends_at, unended)
        numbered = (
            found._replace(ordinal=ordinal)
            for found, ordinal in zip(unended, ordinals, strict=False)
        )
        return itertools.takewhile(
            lambda found: found.at <= ends_at and found.ordinal <= last, numbered
        )

    def _unended(self, since: datetime) -> Iterator[Occurrence]:
        """Yield what the rule names from shortly before an instant on."""
        if self.rule is None:
            return iter((Occurrence(self.starts_at, self.start),))
        if self.rule.freq.is_sub_daily:
            instants = real_times(self.rule, self.start, self.zone, since)
            return (Occurrence(at, wall_of(at, self.zone)) for at in instants)
        named = explicit(self.rule, self.start)
        floor = wall_of(since, self.zone) - recent_gap(since, self.zone)
        return _placed(wall_times(named, self.start, max(floor, self.start)), self.zone)


def _from(found: Iterable[Occurrence], after: datetime, *, inclusive: bool) -> Iterator[Occurrence]:
    if inclusive:
        return itertools.dropwhile(lambda occurrence: occurrence.at < after, found)
    return itertools.dropwhile(lambda occurrence: occurrence.at <= after, found)


def _placed(walls: Iterable[datetime], zone: ZoneInfo) -> Iterator[Occurrence]:
    """Give ascending wall times their instants, in order, two on one instant once.

    Times in a gap move forward, past or onto later ones: they wait until the clock is past them.
    """
    waiting: list[Occurrence] = []
    for wall in walls:
        while waiting and wall_of(waiting[0].at, zone) < wall:
            yield waiting.pop(0)
        found = Occurrence(instant_of(wall, zone), wall)
        if not waiting and wall_of(found.at, zone) == wall:
            yield found
        elif all(found.at != other.at for other in waiting):
            insort(waiting, found)
    yield from waiting
