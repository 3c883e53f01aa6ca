"""What is previewed is what fires: rules by zones by years, for `make rules` and the tests.

For each rule on each clock: the listing that `reminder next` shows, the occurrences that a
simulated scheduler fires one by one (each stored and loaded again), random instants, and an
oracle: python-dateutil's full expansion from the start, or every real minute.
"""

import json
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise, takewhile
from typing import NamedTuple, TypeVar
from zoneinfo import ZoneInfo, available_timezones

from dateutil import rrule as dateutil

from campaigns.rules_oracle import DAY, END, HOUR, expected
from waremind.domain.recurrence import Occurrence, Recurrence
from waremind.domain.rule import Rule
from waremind.domain.rule_text import parse_rule
from waremind.domain.wall_time import NOT_ZONES

BEGIN = datetime(2024, 1, 1, tzinfo=UTC)
AROUND = DAY * 1.5
PROBES = 5

# Rules of which a clock shows all 14 years.
SPARSE = {
    "FREQ=WEEKLY": "2023-11-26T02:30:00",
    "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR": "2023-12-01T09:00:00",
    "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,MO;WKST=SU": "2023-12-04T02:00:00",
    "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,MO": "2023-12-04T02:00:00",
    "FREQ=WEEKLY;INTERVAL=3;BYDAY=SA,SU;BYHOUR=1,2,3;BYMINUTE=15,45": "2023-12-02T01:45:00",
    "FREQ=WEEKLY;BYMONTH=3,10": "2023-10-01T02:30:00",
    "FREQ=MONTHLY": "2023-12-31T02:30:00",
    "FREQ=MONTHLY;INTERVAL=3": "2023-08-31T00:30:00",
    "FREQ=MONTHLY;BYMONTHDAY=-1": "2023-01-31T23:45:00",
    "FREQ=MONTHLY;BYDAY=-1FR": "2023-12-29T18:00:00",
    "FREQ=MONTHLY;BYDAY=-1SU,2SU;BYHOUR=2": "2023-12-10T02:00:00",
    "FREQ=MONTHLY;BYDAY=5MO": "2023-10-30T09:00:00",
    "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13": "2023-10-13T13:13:13",
    "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1": "2023-12-15T17:00:00",
    "FREQ=MONTHLY;BYDAY=SU;BYHOUR=1,2;BYSETPOS=1,-2": "2023-12-15T02:30:00",
    "FREQ=MONTHLY;INTERVAL=5;BYMONTHDAY=29,30,31": "2023-03-30T02:10:00",
    "FREQ=YEARLY": "2020-02-29T12:00:00",
    "FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU;BYHOUR=2": "2023-03-26T02:30:00",
    "FREQ=YEARLY;BYYEARDAY=1,-1,100": "2023-01-01T00:00:00",
    "FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO": "2023-05-15T09:00:00",
    "FREQ=YEARLY;INTERVAL=2;BYMONTH=1,10;BYDAY=SU;BYSETPOS=-1": "2021-10-31T01:30:00",
    "FREQ=WEEKLY;COUNT=300": "2023-12-31T02:30:00",
    "FREQ=MONTHLY;BYMONTHDAY=31;COUNT=40": "2023-12-31T02:30:00",
    "FREQ=WEEKLY;UNTIL=20300331": "2023-12-31T02:30:00",
    "FREQ=MONTHLY;UNTIL=20311026T023000": "2023-12-26T02:30:00",
    "FREQ=WEEKLY;UNTIL=20301027T003000Z": "2023-12-31T02:30:00",
}
# Rules of which a clock shows the days around each of its changes.
DENSE = {
    "FREQ=DAILY": "2023-12-01T02:30:00",
    "FREQ=DAILY;INTERVAL=2;BYHOUR=0,1,2,3;BYMINUTE=0,30": "2023-12-01T00:00:00",
    "FREQ=DAILY;BYHOUR=1,2,3,23;BYMINUTE=10,20,30,40,50": "2023-12-01T00:00:00",
    "FREQ=DAILY;BYHOUR=0,2;BYMINUTE=0,45;BYSETPOS=1,-1": "2023-12-01T00:00:00",
    "FREQ=HOURLY": "2023-12-01T09:15:00",
    "FREQ=HOURLY;INTERVAL=5": "2023-12-01T09:15:00",
    "FREQ=HOURLY;BYMINUTE=0,40": "2023-12-01T09:15:00",
    "FREQ=HOURLY;INTERVAL=2;BYHOUR=1,2,3,4;BYMINUTE=5": "2023-12-01T09:15:00",
    "FREQ=HOURLY;BYDAY=SU;BYHOUR=0,1,2,3": "2023-12-01T09:00:00",
    "FREQ=HOURLY;BYMONTHDAY=-1,25,26,27,28,29;BYMONTH=3,10": "2023-12-01T09:00:00",
    "FREQ=MINUTELY;INTERVAL=25": "2023-12-01T09:00:30",
    "FREQ=MINUTELY;INTERVAL=10;BYHOUR=0,1,2,3": "2023-12-01T09:00:00",
    "FREQ=MINUTELY;BYMINUTE=59,0,1": "2023-12-01T09:00:00",
}
SAMPLE = (
    "Europe/Berlin",
    "America/Havana",  # changes at midnight
    "Australia/Lord_Howe",  # by half an hour
    "Antarctica/Troll",  # by two hours
    "Africa/Casablanca",  # for Ramadan
)


class Tally(NamedTuple):
    """What was compared, and the differences found."""

    occurrences: int = 0
    differences: tuple[str, ...] = ()


TallyT = TypeVar("TallyT", bound=NamedTuple)


@cache
def rule_of(text: str) -> Rule:
    return parse_rule(text)


def recurrence(text: str, start: str, zone: str) -> Recurrence:
    return Recurrence(rule_of(text), datetime.fromisoformat(start), ZoneInfo(zone))


@cache
def changes(zone: str) -> list[tuple[datetime, timedelta]]:
    """Return when, to the hour, the zone's clock changes, and to which offset."""
    clock, found = ZoneInfo(zone), [(BEGIN, BEGIN.astimezone(ZoneInfo(zone)).utcoffset())]
    for at in moments(BEGIN, END, DAY):
        if at.astimezone(clock).utcoffset() != found[-1][1]:
            hours = (
                (hour, hour.astimezone(clock).utcoffset()) for hour in moments(at - DAY, at, HOUR)
            )
            found.append(next(change for change in hours if change[1] != found[-1][1]))
    return found


def moments(begin: datetime, end: datetime, step: timedelta) -> Iterator[datetime]:
    """Yield instants a step apart, the last one at or after `end`."""
    at = begin
    while at - end < step:
        yield at
        at += step


def distinct_clocks(zones: list[str]) -> list[str]:
    """Return one zone of each set whose clocks show the same from 2019 to 2037."""
    clocks: dict[object, str] = {}
    for zone in zones:
        past = moments(datetime(2019, 1, 1, tzinfo=UTC), BEGIN, DAY)
        before = tuple(at.astimezone(ZoneInfo(zone)).utcoffset() for at in past)
        clocks.setdefault((before, tuple(changes(zone))), zone)
    return list(clocks.values())


def stored(occurrence: Occurrence) -> str:
    """Write what PostgreSQL keeps: timestamptz, timestamp, integer."""
    at, nominal, ordinal = occurrence
    return json.dumps([at.isoformat(), nominal.isoformat(), ordinal])


def loaded(row: str) -> Occurrence:
    at, nominal, ordinal = json.loads(row)
    return Occurrence(datetime.fromisoformat(at), datetime.fromisoformat(nominal), ordinal)


def listed(reminder: Recurrence, begin: datetime, end: datetime) -> list[Occurrence]:
    """Return what `reminder next` shows."""
    found = reminder.occurrences(begin, inclusive=True)
    return list(takewhile(lambda occurrence: occurrence.at < end, found))


def fired(reminder: Recurrence, begin: datetime, end: datetime) -> Iterator[Occurrence]:
    """Yield what a scheduler fires that keeps only the next occurrence, in a store."""
    row = next((stored(o) for o in reminder.occurrences(begin, inclusive=True)), None)
    while row is not None and (due := loaded(row)).at < end:
        yield due
        row = next((stored(o) for o in reminder.following(due)), None)


def windows(zone: str, at_most: int | None) -> Iterator[tuple[datetime, datetime]]:
    """Yield the days around each change of the clock, and the first ones."""
    for at, _ in changes(zone)[:at_most]:
        yield max(BEGIN, at - AROUND), at + AROUND


def compare(
    text: str, reminder: Recurrence, begin: datetime, end: datetime, dice: random.Random
) -> Tally:
    """Compare listing, clock, oracle and random instants for one rule on one clock."""
    listing = listed(reminder, begin, end)
    times = [occurrence.at for occurrence in listing]
    wrong = []
    if listing != list(fired(reminder, begin, end)):
        wrong.append("listing and clock differ")
    if times != expected(text, reminder, begin, end):
        wrong.append("listing and oracle differ")
    if any(later <= earlier for earlier, later in pairwise(times)):
        wrong.append("not strictly ascending")
    for _ in range(PROBES if listing else 0):
        place = dice.randrange(len(listing))
        before = times[place - 1] if place else begin - timedelta(seconds=1)
        after = before + (times[place] - before) * dice.random()
        found = next(reminder.occurrences(after, since=listing[0]))
        if found != listing[place] or found.at <= after:
            wrong.append(f"after {after.isoformat()} comes {found}")
    where = f"{text} from {reminder.start} in {reminder.zone.key}, {begin:%Y-%m-%d}: "
    return Tally(len(listing), tuple(where + what for what in wrong))


def on_clock(zone: str, changes_at_most: int | None = None) -> Tally:
    """Compare every rule of the corpus on one clock."""
    dice = random.Random(zone)
    tallies = [
        compare(text, recurrence(text, start, zone), BEGIN, END, dice)
        for text, start in SPARSE.items()
    ]
    tallies += [
        compare(text, recurrence(text, start, zone), begin, end, dice)
        for text, start in DENSE.items()
        for begin, end in windows(zone, changes_at_most)
    ]
    return total(tallies)


def total(tallies: Sequence[TallyT]) -> TallyT:
    """Add tallies of one kind up, column by column."""
    columns = zip(*tallies, strict=True)
    return type(tallies[0])._make(sum(column, start=type(column[0])()) for column in columns)


def report(differences: Sequence[str], *lines: str) -> int:
    """Print some of the differences and these lines; returns the exit code."""
    sys.stdout.write("\n".join([*differences[:20], *lines]) + "\n")
    return 1 if differences else 0


def seconds_of(work: Callable[[], object], times: int) -> float:
    begin = time.perf_counter()
    for _ in range(times):
        work()
    return (time.perf_counter() - begin) / times


def ratios() -> Iterator[str]:
    """Yield how much faster the next occurrence of old rules is than a walk from the start."""
    late = datetime(2033, 6, 1, tzinfo=UTC)
    for text in ("FREQ=DAILY", "FREQ=HOURLY", "FREQ=MINUTELY;INTERVAL=15", "FREQ=MONTHLY"):
        reminder = recurrence(text, "2023-05-31T09:00:00", "Europe/Berlin")
        whole = dateutil.rrulestr(text, dtstart=reminder.start)
        due = next(reminder.occurrences(late))
        ours = seconds_of(lambda r=reminder, d=due: next(r.following(d)), 200)
        walk = seconds_of(lambda w=whole: w.after(late.replace(tzinfo=None)), 1)
        ratio = walk / ours
        yield f"{text}: next in {ours * 1e6:.0f} us, {ratio:.0f} times faster than from the start"


def main() -> int:
    """Run the campaign over all zones, print the counts and the ratios."""
    zones = sorted(available_timezones() - NOT_ZONES)
    clocks = distinct_clocks(zones)
    with ProcessPoolExecutor() as pool:
        result = total(list(pool.map(on_clock, clocks)))
    rules = len(SPARSE | DENSE)
    return report(
        result.differences,
        f"{rules} rules, {len(zones)} zones ({len(clocks)} clocks that differ), 2024 to 2037:",
        f"{result.occurrences} occurrences, {len(result.differences)} differences",
        *ratios(),
    )


if __name__ == "__main__":
    sys.exit(main())
