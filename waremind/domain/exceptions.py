"""Single occurrences that an operator skips, moves, leaves out or adds, named by their own time."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from waremind.domain.planned import Fate, Note, Planned
from waremind.domain.recurrence import Occurrence
from waremind.domain.wall_time import instant_of

# Local times so far apart come in the order of their instants.
AMBIGUOUS_FOR = timedelta(days=1)


@dataclass(frozen=True)
class Exceptions:
    """Naive local times of occurrences: RFC 5545's EXDATE and RDATE, and those by a command.

    Where a clock shows a time twice, an exception speaks of both.
    """

    excepted: frozenset[datetime] = frozenset()
    also: frozenset[datetime] = frozenset()
    skipped: frozenset[datetime] = frozenset()
    moved: Mapping[datetime, datetime] = field(default_factory=dict[datetime, datetime], hash=False)

    def __bool__(self) -> bool:
        return bool(self.excepted or self.also or self.skipped or self.moved)

    def named(
        self, found: Iterable[Occurrence], first: datetime, ended: int, zone: ZoneInfo
    ) -> Iterator[Planned]:
        """Yield what a rule names and an operator adds to it from an instant on, in that order.

        `ended` is the ordinal of what comes after the end of a rule with COUNT, 0 without.
        """
        instants = ((instant_of(wall, zone), wall) for wall in sorted(self.also))
        added = [(at, wall) for at, wall in instants if at >= first]
        for occurrence in found:
            while added and added[0][0] <= occurrence.at:
                at, wall = added.pop(0)
                if at != occurrence.at:
                    yield _added(at, wall, max(occurrence.ordinal - 1, 0))
            yield Planned.of(occurrence)
        yield from (_added(at, wall, ended) for at, wall in added)

    def applied(self, planned: Iterable[Planned], zone: ZoneInfo) -> Iterator[Planned]:
        """Say what becomes of occurrences by what an operator has said of them."""
        spoken_of = self.excepted | self.skipped | self.moved.keys()
        for one in planned:
            yield self._applied(one, zone) if one.nominal in spoken_of else one

    def _applied(self, one: Planned, zone: ZoneInfo) -> Planned:
        own = one.nominal
        if own in self.excepted:
            return one.dropped(Fate.EXCEPTED, Note("excepted", (own,)))
        if own in self.skipped:
            return one.dropped(Fate.SKIPPED, Note("skipped", (own,)))
        moved = one.placed(instant_of(self.moved[own], zone), Note("moved", (own,)))
        return moved._replace(is_fixed=True)

    def moves_back(self, zone: ZoneInfo) -> list[tuple[datetime, datetime]]:
        """List what is moved to an earlier time, the last one first: its own instant, and that."""
        maybe = ((own, to) for own, to in self.moved.items() if to < own + AMBIGUOUS_FOR)
        pairs = ((instant_of(own, zone), instant_of(to, zone)) for own, to in maybe)
        return sorted(((own, to) for own, to in pairs if to < own), reverse=True)

    def origin(self, first: datetime, wall: datetime) -> datetime | None:
        """Return the earliest own time before `wall` of what is moved to `first` or later."""
        return min(
            (own for own, to in self.moved.items() if own < wall and first <= to), default=None
        )

    def begin(self, zone: ZoneInfo, start: datetime) -> datetime:
        """Return the earliest instant that is added, or `start`."""
        return min((instant_of(wall, zone) for wall in self.also), default=start)


def _added(at: datetime, wall: datetime, ordinal: int) -> Planned:
    one = Planned.of(Occurrence(at, wall, ordinal))
    return one._replace(is_fixed=True, notes=(Note("also"),))


NO_EXCEPTIONS = Exceptions()
