"""What a plan says by counting: every day of the calendar and every minute of a night, in lists.

Nothing here is lazy or clever, and nothing is taken from the code that is judged but the words for
fates and the shape of the question.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
# Quiet hours begin and end, and clocks change, at a multiple of it.
QUARTER = timedelta(minutes=15)
# What a scheduler waits for, to send it or to write down why not.
STORED = {"fires", "by_operator", "quiet"}
LEFT_OUT = {"excepted", "by_operator", "day_off", "merged"}


@dataclass
class Told:
    """An occurrence, or a message ahead of one."""

    own: datetime
    own_at: datetime
    at: datetime
    fate: str = "fires"
    fixed: bool = False
    number: int = 0
    lead: timedelta = field(default_factory=timedelta)

    @property
    def key(self) -> tuple[datetime, datetime, timedelta, str, int]:
        return (self.at, self.own, self.lead, self.fate, self.number)


@dataclass
class Asked:
    """A plan in plain words: names of days by date, leads, minutes of the clock."""

    zone: ZoneInfo
    excepted: set[datetime]
    skipped: set[datetime]
    also: set[datetime]
    moved: dict[datetime, datetime]
    on_off: str | None
    days: set[date]
    workdays: set[int]
    leads: list[timedelta]
    quiet: tuple[int, int] | None
    grace: timedelta
    misfire: str
    skipped_count: bool


def utc(wall: datetime, zone: ZoneInfo) -> datetime:
    return wall.replace(tzinfo=zone).astimezone(UTC)


def clock(at: datetime, zone: ZoneInfo) -> datetime:
    return at.astimezone(zone).replace(tzinfo=None)


def told(named: list[tuple[datetime, datetime]], asked: Asked) -> list[Told]:
    """Return all that becomes of what a rule names: its local times, and their instants."""
    occurrences = with_exceptions(named, asked)
    if asked.on_off:
        on_working_days(occurrences, asked)
    numbered(occurrences, asked)
    return after_quiet(one_an_instant(with_leads(occurrences, asked)), asked)


def with_exceptions(named: list[tuple[datetime, datetime]], asked: Asked) -> list[Told]:
    found = {at: Told(own, at, at) for own, at in named}
    for own in asked.also:
        at = utc(own, asked.zone)
        found.setdefault(at, Told(own, at, at, fixed=True))
    occurrences = [found[at] for at in sorted(found)]
    for one in occurrences:
        if one.own in asked.excepted:
            one.fate = "excepted"
        elif one.own in asked.skipped:
            one.fate = "by_operator"
        elif one.own in asked.moved:
            one.at, one.fixed = utc(asked.moved[one.own], asked.zone), True
    return occurrences


def still_named(
    named: list[tuple[datetime, datetime]], asked: Asked
) -> tuple[Asked, set[datetime]]:
    """Return what stays of what was said of single times, and which are no occurrence any more."""
    there = {one.own for one in with_exceptions(named, asked)}
    gone = (asked.excepted | asked.skipped | asked.moved.keys()) - there
    moved = {own: to for own, to in asked.moved.items() if own in there}
    kept = replace(asked, excepted=asked.excepted - gone, skipped=asked.skipped - gone, moved=moved)
    return kept, gone


def is_off(day: date, asked: Asked) -> bool:
    return day in asked.days or day.weekday() not in asked.workdays


def on_working_days(occurrences: list[Told], asked: Asked) -> None:
    """Look at each working day: who was there, and which days off send theirs to it."""
    by_day: defaultdict[date, list[Told]] = defaultdict(list)
    for one in occurrences:
        if one.fate == "fires" and not one.fixed:
            by_day[clock(one.at, asked.zone).date()].append(one)
    senders: defaultdict[date, list[date]] = defaultdict(list)
    for day in sorted(by_day):
        target = working_day(day, asked)
        if target:
            senders[target].append(day)
        else:
            for one in by_day[day]:
                one.fate = "day_off"
    for target, days in senders.items():
        first = target if target in days else min(days)
        for one in (one for day in days if day != first for one in by_day[day]):
            one.fate = "merged"
        for one in by_day[first] if first != target else []:
            one.at = utc(datetime.combine(target, one.own.time()), asked.zone)


def working_day(day: date, asked: Asked) -> date | None:
    step = {"skip": DAY * 0, "before": -DAY, "after": DAY}[asked.on_off or "skip"]
    for steps in range(366):
        if not is_off(day + step * steps, asked):
            return day + step * steps
    return None


def numbered(occurrences: list[Told], asked: Asked) -> None:
    number = 0
    for one in occurrences:
        one.number = number
        number += asked.skipped_count or one.fate not in LEFT_OUT


def with_leads(occurrences: list[Told], asked: Asked) -> list[Told]:
    ahead = []
    for one in occurrences:
        for lead in asked.leads if one.fate == "fires" else []:
            whole = DAY * lead.days
            # A difference of local times forgets which of two is meant.
            begin = utc(clock(one.at, asked.zone) - whole, asked.zone) if whole else one.at
            at = begin - (lead - whole)
            ahead.append(Told(one.own, one.own_at, at, number=one.number, lead=lead))
    return sorted([*occurrences, *ahead], key=lambda one: (one.at, one.lead, one.own_at))


def one_an_instant(messages: list[Told]) -> list[Told]:
    taken: set[datetime] = set()
    for one in messages:
        if one.fate == "fires":
            if one.at in taken:
                one.fate = "merged"
            taken.add(one.at)
    return messages


def is_quiet(at: datetime, asked: Asked) -> bool:
    assert asked.quiet
    begin, end = asked.quiet
    wall = clock(at, asked.zone)
    minute = wall.hour * 60 + wall.minute
    return begin <= minute < end if begin < end else minute >= begin or minute < end


def after_quiet(messages: list[Told], asked: Asked) -> list[Told]:
    ends: defaultdict[datetime, list[Told]] = defaultdict(list)
    firing = [one for one in messages if one.fate == "fires"]
    for one in firing if asked.quiet else []:
        end = one.at
        while is_quiet(end, asked):
            end += QUARTER - timedelta(minutes=end.minute % 15, seconds=end.second)
        if end != one.at:
            ends[end].append(one)
    for end, held in ends.items():
        late = [one for one in held if end - one.at > asked.grace]
        on_time = len(late) < len(held) or any(one.at == end for one in firing if one not in held)
        wanted = {"skip": 0, "once": int(not on_time), "all": 10}[asked.misfire]
        for one in late[: max(len(late) - wanted, 0)]:
            one.fate = "quiet"
        for one in held:
            one.at = end
    last = None
    for one in firing:
        if one.fate == "fires":
            if last is not None and one.at <= last:
                one.at = last + timedelta(microseconds=1)
            last = one.at
    return messages
