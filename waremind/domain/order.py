"""The messages of occurrences in the order in which they leave, each instant once."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import heappop, heappush
from zoneinfo import ZoneInfo

from waremind.domain.planned import Fate, Note, Planned
from waremind.domain.wall_time import instant_of, wall_of

DAY = timedelta(days=1)
# By more than two hours no clock is put forward or back, but for a day at a date line.
CLOCK_CHANGES_BY = timedelta(hours=3)

Waiting = list[tuple[datetime, timedelta, datetime, Planned]]


@dataclass(frozen=True, slots=True)
class Reach:
    """How far ahead of its place in the stream a message may leave.

    `leads` are the messages ahead of each occurrence, `moved_back` lists what an operator has moved
    to an earlier instant (its own, and that one), the latest first; `by_days` says that days off
    move occurrences, so that the order of those on one day is not known until the next day.
    """

    zone: ZoneInfo
    leads: Sequence[timedelta]
    moved_back: Sequence[tuple[datetime, datetime]]
    by_days: bool

    def floors(self, planned: Iterable[Planned]) -> Iterator[tuple[datetime | None, Planned]]:
        """Yield occurrences with an instant before which no message of them or a later one leaves.

        None: that is not known yet.
        """
        ahead = max(self.leads, default=timedelta())
        if self.by_days or ahead >= DAY:
            ahead += CLOCK_CHANGES_BY
        floor: datetime | None = None
        for one in planned:
            if one.is_movable or not self.by_days:
                floor = one.at
            lowest = floor and min(floor, one.own_at)
            for own, to in self.moved_back:
                if lowest and own >= one.own_at:
                    lowest = min(lowest, to)
            yield lowest and lowest - ahead, one

    def messages(self, one: Planned) -> Iterator[Planned]:
        """Yield an occurrence, and the messages ahead of it when it fires."""
        yield one
        if not (self.leads and one.fires):
            return
        wall = wall_of(one.at, self.zone)
        for lead in self.leads:
            # Whole days are those of the calendar (RFC 5545's durations).
            days = timedelta(days=lead.days)
            at = (instant_of(wall - days, self.zone) if days else one.at) - (lead - days)
            notes = (Note("lead", (wall, lead)), *one.notes)
            yield one._replace(at=at, meant_at=at, lead=lead, notes=notes)


def in_order(planned: Iterable[Planned], reach: Reach) -> Iterator[Planned]:
    """Yield the messages of occurrences, that come by their own times, as they leave."""
    return _apart(_ascending(planned, reach))


def _ascending(planned: Iterable[Planned], reach: Reach) -> Iterator[Planned]:
    waiting: Waiting = []
    for floor, one in reach.floors(planned):
        while waiting and floor is not None and waiting[0][0] < floor:
            yield heappop(waiting)[-1]
        for message in reach.messages(one):
            heappush(waiting, (message.at, message.lead, message.own_at, message))
    while waiting:
        yield heappop(waiting)[-1]


def _apart(messages: Iterable[Planned]) -> Iterator[Planned]:
    """Make those at one instant one, and say what has passed another."""
    last: Planned | None = None
    latest: Planned | None = None
    for one in messages:
        if not one.fires:
            yield one
        elif last and last.at == one.at:
            yield one.dropped(Fate.MERGED, Note("merged", (last.nominal,)))
        elif one.lead:
            last = one
            yield one
        else:
            last = one
            was_let_pass = latest and latest.own_at > one.own_at and one.announces > one.own_at
            if latest and was_let_pass:
                yield one._replace(notes=(*one.notes, Note("passed", (latest.nominal,))))
            else:
                latest = one
                yield one
