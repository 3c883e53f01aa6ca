"""The messages of occurrences in the order in which they leave, each instant once."""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import heappop, heappush, merge
from zoneinfo import ZoneInfo

from waremind.domain.planned import AT_ITS_TIME, Note, Planned
from waremind.domain.wall_time import instant_of, wall_of

NOTHING = timedelta()
# By more than two hours no clock is put forward or back, but for a day at a date line.
CLOCK_CHANGES_BY = timedelta(hours=3)
DATE_LINE = timedelta(days=2)
# In so short a time no clock is put forward and back (Morocco's is for a month).
STEADY_FOR = timedelta(days=15)

# When it leaves, what decides between those of one instant, and whose message it is.
Message = tuple[datetime, timedelta, datetime, Planned | None]


@dataclass(frozen=True, slots=True)
class Reach:
    """How far ahead of its place in the stream an occurrence may leave.

    `leads` are the messages ahead of each occurrence, `moved_back` lists what an operator has moved
    to an earlier instant (its own, and that one), the latest first; `by_days` says that days off
    move occurrences, so that the order of those on one day is not known until the next day.
    """

    zone: ZoneInfo
    leads: Sequence[timedelta]
    moved_back: Sequence[tuple[datetime, datetime]]
    by_days: bool

    def floors(self, planned: Iterable[Planned]) -> Iterator[tuple[datetime | None, Planned]]:
        """Yield occurrences with an instant before which none of them or of later ones leaves.

        None: that is not known yet.
        """
        floor: datetime | None = None
        for one in planned:
            if not self.by_days or one.is_movable:
                # Those that days off move keep the order of local clocks.
                is_apart = not self.by_days or one.at == one.own_at or self._is_steady(one)
                floor = one.at if is_apart else one.at - CLOCK_CHANGES_BY
            lowest = floor and min(floor, one.own_at)
            for own, to in self.moved_back:
                if lowest and own >= one.own_at:
                    lowest = min(lowest, to)
            yield lowest, one

    def _is_steady(self, one: Planned) -> bool:
        begin, end = sorted((one.at, one.own_at))
        return _is_steady(begin, end, self.zone)


def in_order(planned: Iterable[Planned], reach: Reach, since: datetime) -> Iterator[Planned]:
    """Yield what leaves at an instant or later, of occurrences that come by their own times."""
    return _apart(_messages(planned, reach, since))


def _messages(planned: Iterable[Planned], reach: Reach, since: datetime) -> Iterator[Planned]:
    """Yield each occurrence and the messages ahead of it, as they leave.

    Each lead has a stream of its own over the same occurrences: only what is next in it is found.
    """
    own, *others = itertools.tee(_ascending(planned, reach), len(reach.leads) + 1)
    at_their_time = ((one.at, AT_ITS_TIME, one.own_at, one) for one in own if one.at >= since)
    led = zip(others, reach.leads, strict=True)
    ahead = (_ahead(stream, lead, reach.zone, since) for stream, lead in led)
    for at, lead, _, one in merge(at_their_time, *ahead):
        if one:
            yield one.ahead(lead, at, reach.zone) if lead else one


def _ascending(planned: Iterable[Planned], reach: Reach) -> Iterator[Planned]:
    """Yield occurrences by the instants where days off and operators have put them."""
    waiting: list[tuple[datetime, datetime, Planned]] = []
    for floor, one in reach.floors(planned):
        if not waiting and floor and one.at <= floor:
            yield one  # as most do
            continue
        heappush(waiting, (one.at, one.own_at, one))
        while waiting and floor and waiting[0][0] <= floor:
            yield heappop(waiting)[-1]
    while waiting:
        yield heappop(waiting)[-1]


def _ahead(
    ascending: Iterable[Planned], lead: timedelta, zone: ZoneInfo, since: datetime
) -> Iterator[Message]:
    """Yield the messages so long ahead of occurrences, from an instant on, as they leave.

    What does not fire has no message, but a time before which no later one leaves: so long nobody
    has to wait for one.
    """
    # Whole days are those of the calendar (RFC 5545's durations): clocks change in between.
    days = timedelta(days=lead.days)
    slack = _most_change(since, since + lead, zone) if days else NOTHING
    first, ahead = since + lead - slack, lead + slack
    waiting: list[Message] = []
    for one in ascending:
        if one.at < first:
            continue
        floor = one.at - ahead
        while waiting and waiting[0][0] < floor:
            yield heappop(waiting)
        if not one.fires:
            if not waiting:
                yield (floor, lead, one.own_at, None)
            continue
        at = one.at - lead
        is_steady = not days or _is_steady(at, one.at, zone)
        if not is_steady:
            at = instant_of(wall_of(one.at, zone) - days, zone) - (lead - days)
        if at < since:
            continue
        message = (at, lead, one.own_at, one)
        if is_steady and not waiting:
            yield message
        else:
            heappush(waiting, message)
    while waiting:
        yield heappop(waiting)


def _is_steady(begin: datetime, end: datetime, zone: ZoneInfo) -> bool:
    """Tell whether the local clock is neither put forward nor back around two instants.

    For certain where it says so: far from each other they may have a change in between.
    """
    return end - begin < STEADY_FOR and not _change(begin, end, zone)


def _most_change(begin: datetime, end: datetime, zone: ZoneInfo) -> timedelta:
    """Return by how much at most clocks are put forward or back around two instants."""
    change = _change(begin, end, zone)
    return CLOCK_CHANGES_BY if abs(change) < CLOCK_CHANGES_BY else DATE_LINE


def _change(begin: datetime, end: datetime, zone: ZoneInfo) -> timedelta:
    """Return by how much the local clock differs after two instants from before them."""
    before = (begin - DATE_LINE).astimezone(zone).utcoffset()
    after = (end + DATE_LINE).astimezone(zone).utcoffset()
    return (after or NOTHING) - (before or NOTHING)


def _apart(messages: Iterable[Planned]) -> Iterator[Planned]:
    """Make those at one instant one, and say what has passed another."""
    last: Planned | None = None
    latest: Planned | None = None
    for one in messages:
        if not one.fires:
            yield one
        elif last and last.at == one.at:
            yield one.merged()
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
