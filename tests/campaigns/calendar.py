"""What is planned is what fires: exceptions, days off, leads, quiet hours and turns, at random.

For each clock and country some plans made by dice: the listing that `reminder next` shows, a
simulated scheduler that stores what it waits for and loads it again, random instants, and an oracle
that counts days and minutes.
"""

import json
import random
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from itertools import cycle, islice, pairwise, repeat, takewhile
from zoneinfo import ZoneInfo, available_timezones

import holidays

from campaigns.calendar_oracle import DAY, Asked, Told, told
from campaigns.rules import Tally, TallyT, distinct_clocks, report, total
from campaigns.rules_oracle import expansion, expected
from waremind.domain.days_off import DaysOff, DaysOffCalendar, OnOff
from waremind.domain.exceptions import Exceptions
from waremind.domain.misfire import Misfire
from waremind.domain.plan import Plan, explained
from waremind.domain.planned import RECORDED, Planned, Position
from waremind.domain.quiet_hours import Lateness, QuietHours
from waremind.domain.recurrence import Recurrence
from waremind.domain.rule_text import parse_rule
from waremind.domain.wall_time import NOT_ZONES

FIRST, LAST = 2024, 2033
BEGIN = datetime(FIRST, 1, 1, tzinfo=UTC)
END = datetime(LAST + 1, 1, 1, tzinfo=UTC)
# What moves across the ends of the ten years is on one side only: nobody looks there.
MARGIN = DAY * 40
PLANS = 4
PROBES = 4
STEPS = 60
COUNTRIES = (
    *("DE", "AT", "CH", "FR", "GB", "US", "CA", "MX", "BR", "AR"),
    *("IN", "CN", "JP", "KR", "ID", "SA", "IL", "ZA", "NG", "AU"),
)
RULES = {
    "FREQ=DAILY": "2023-12-01T09:00:00",
    "FREQ=DAILY;INTERVAL=3": "2023-12-01T02:30:00",
    "FREQ=DAILY;BYHOUR=2,9,23;BYMINUTE=30": "2023-12-01T02:30:00",
    "FREQ=WEEKLY": "2023-11-26T02:30:00",
    "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR": "2023-12-01T09:00:00",
    "FREQ=WEEKLY;BYDAY=SA,SU;BYHOUR=1,2,22": "2023-12-02T01:00:00",
    "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR": "2023-12-04T06:59:30",
    "FREQ=MONTHLY": "2023-12-31T23:30:00",
    "FREQ=MONTHLY;BYMONTHDAY=1,15,-1": "2023-12-01T07:00:00",
    "FREQ=MONTHLY;BYDAY=-1FR": "2023-12-29T18:00:00",
    "FREQ=MONTHLY;BYDAY=SU;BYHOUR=2": "2023-12-03T02:00:00",
    "FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=24,25,26": "2023-12-24T10:00:00",
    "FREQ=WEEKLY;BYDAY=TU,SA;COUNT=300": "2023-12-02T12:00:00",
    "FREQ=DAILY;COUNT=900": "2023-12-31T05:00:00",
    "FREQ=WEEKLY;UNTIL=20310331": "2023-12-31T02:30:00",
    "FREQ=HOURLY;INTERVAL=7": "2023-12-01T09:15:00",
    "FREQ=HOURLY;BYDAY=FR,SA,SU,MO;BYHOUR=0,1,2,3,22": "2023-12-01T01:00:00",
}
LEADS = [timedelta(days=1), timedelta(hours=1), timedelta(days=7), timedelta(days=1, hours=2)]
QUIET = ["22:00-07:00", "00:00-02:30", "02:30-03:30", "12:00-13:00", "20:00-19:00"]
WORKDAYS = [range(7), range(5), (6, 0, 1, 2, 3), (0,)]


@cache
def days_of(country: str) -> dict[date, str]:
    found = holidays.country_holidays(country, years=range(FIRST - 2, LAST + 3))
    return dict(found.items())


@lru_cache(maxsize=4)
def occurrences(text: str, recurrence: Recurrence) -> list[tuple[datetime, datetime]]:
    """Return the local times of a rule and their instants, by dateutil's full expansion."""
    instants = expected(text, recurrence, recurrence.starts_at, END + MARGIN)
    if "HOURLY" in text:  # real hours, named by what the clock shows then
        return [(at.astimezone(recurrence.zone).replace(tzinfo=None), at) for at in instants]
    # Of two on one instant the earlier name stays, as it comes first.
    walls = sorted(expansion(text, recurrence.start), reverse=True)
    named = {wall.replace(tzinfo=recurrence.zone).astimezone(UTC): wall for wall in walls}
    return [(named[at], at) for at in instants]


def thrown(dice: random.Random, zone: str, country: str) -> tuple[str, Plan, Asked]:
    """Make a plan by dice, in the product's words and in the oracle's."""
    text, start = dice.choice(list(RULES.items()))
    recurrence = Recurrence(parse_rule(text), datetime.fromisoformat(start), ZoneInfo(zone))
    own = [wall for wall, at in occurrences(text, recurrence) if BEGIN <= at < END]
    some = dice.sample(own, min(len(own), 24))
    excepted, skipped, moving = set(some[:5]), set(some[5:10]), some[10:14]
    moved = {each: each + timedelta(minutes=dice.randrange(-20_000, 20_000)) for each in moving}
    also = {each + timedelta(hours=dice.randrange(-50, 50)) for each in some[14:18]}
    if dice.random() < 0.3:
        excepted, skipped, moved, also = set(), set(), {}, set()
    on_off = dice.choice([None, "skip", "before", "after", "before", "after"])
    workdays = set(dice.choice(WORKDAYS))
    calendar = DaysOffCalendar(country, days_of(country), date(LAST, 6, 1))
    leads = dice.sample(LEADS, dice.randrange(3)) if dice.random() < 0.6 else []
    quiet = dice.choice(QUIET) if dice.random() < 0.6 else None
    misfire = dice.choice(list(Misfire))
    grace = timedelta(minutes=dice.choice([0, 10, 600]))
    skipped_count = dice.random() < 0.5
    plan = Plan(
        recurrence,
        Exceptions(frozenset(excepted), frozenset(also), frozenset(skipped), moved),
        DaysOff(OnOff(on_off), (calendar,), frozenset(workdays)) if on_off else None,
        tuple(leads),
        QuietHours.parse(quiet) if quiet else None,
        Lateness(grace, misfire),
        numbered=True,
        skipped_count=skipped_count,
    )
    asked = Asked(
        recurrence.zone,
        excepted,
        skipped,
        also,
        moved,
        on_off,
        set(calendar.days),
        workdays,
        leads,
        _minutes(quiet) if quiet else None,
        grace,
        misfire.value,
        skipped_count,
    )
    return text, plan, asked


def _minutes(quiet: str) -> tuple[int, int]:
    begin, end = (time.fromisoformat(clock) for clock in quiet.split("-"))
    return begin.hour * 60 + begin.minute, end.hour * 60 + end.minute


def stored(one: Planned) -> str:
    """Write what PostgreSQL keeps."""
    at, nominal, ordinal, number, lead = one.position
    return json.dumps([at.isoformat(), nominal.isoformat(), ordinal, number, lead.total_seconds()])


def loaded(row: str) -> Position:
    at, nominal, ordinal, number, lead = json.loads(row)
    moments = (datetime.fromisoformat(at), datetime.fromisoformat(nominal))
    return Position(*moments, ordinal, number, timedelta(seconds=lead))


def key(one: Planned | Told) -> tuple[object, ...]:
    if isinstance(one, Told):
        return one.key
    return (one.at, one.nominal, one.lead, one.fate.value, one.number)


def fired(plan: Plan, begin: datetime, since: Position | None, end: datetime) -> Iterator[Planned]:
    """Yield what a scheduler sees that keeps only what it waits for, in a store."""
    coming = plan.going_on(since) if since else plan.occurrences(begin, inclusive=True)
    while True:
        # What does not fire has its place beside what comes earlier or later.
        near = takewhile(lambda one: one.at < end + MARGIN, coming)
        found = next((one for one in near if is_stored(one)), None)
        if found is None or found.at >= end:
            return
        yield found
        coming = plan.going_on(loaded(stored(found)))
        if key(next(coming)) != key(found):
            return


def is_stored(one: Planned) -> bool:
    return one.fires or one.fate in RECORDED


def compare(text: str, plan: Plan, asked: Asked, dice: random.Random) -> tuple[int, list[str]]:
    """Compare listing, oracle, clock and random instants for one plan."""
    # What does not fire is listed in its place, beside what comes earlier or later.
    found = takewhile(lambda one: one.at < END + MARGIN, plan.occurrences(BEGIN, inclusive=True))
    listing = [one for one in found if BEGIN <= one.at < END]
    kept = [one for one in listing if is_stored(one)]
    sent = [one.at for one in listing if one.fires]
    truth = told(occurrences(text, plan.recurrence), asked)
    strange = {key(one) for one in listing} ^ {key(one) for one in truth if BEGIN <= one.at < END}
    wrong = [f"listing and oracle differ: {sorted(strange)[:3]}"] if strange else []
    if len({key(one) for one in listing}) < len(listing):
        wrong.append("something is listed twice")
    if any(later <= earlier for earlier, later in pairwise(sent)):
        wrong.append("not strictly ascending")
    wrong += [
        f"{one.nominal} is bent without a note"
        for one in listing
        if (one.at != one.own_at or not one.fires) and not explained(one, plan.zone)
    ]
    if len(sent) > 1:
        wrong += [*by_clock(plan, kept, dice), *by_instants(plan, kept, sent, dice)]
    return len(listing), wrong


def by_clock(plan: Plan, kept: list[Planned], dice: random.Random) -> Iterator[str]:
    """Compare some steps of a simulated scheduler with what was listed."""
    place = dice.randrange(len(kept))
    begin = kept[place]
    steps = [key(one) for one in islice(fired(plan, begin.at, begin.position, END), STEPS)]
    if steps != [key(one) for one in kept[place : place + STEPS]]:
        yield f"listing and clock differ from {begin.at} on"


def by_instants(
    plan: Plan, kept: list[Planned], sent: list[datetime], dice: random.Random
) -> Iterator[str]:
    """Look between two messages for the later one."""
    for _ in range(PROBES):
        place = dice.randrange(1, len(sent))
        after = sent[place - 1] + (sent[place] - sent[place - 1]) * dice.random()
        since = next((one.position for one in reversed(kept) if one.at <= after), None)
        found = next(one for one in plan.occurrences(after, since=since) if one.fires)
        if found.at != sent[place] and after < sent[place]:
            yield f"after {after.isoformat()} comes {found.at}, not {sent[place]}"


def on_clock(zone: str, country: str, plans: int) -> Tally:
    """Compare plans on one clock, with the holidays of one country."""
    dice = random.Random(f"{zone} {country}")
    tallies = []
    for _ in range(plans):
        text, plan, asked = thrown(dice, zone, country)
        listing, wrong = compare(text, plan, asked, dice)
        where = f"{text} in {zone}, {country}, {asked}"
        tallies.append(Tally(listing, tuple(f"{each}: {where}" for each in wrong)))
    return total(tallies)


def on_all_clocks(on_clock: Callable[[str, str, int], TallyT], each: int) -> tuple[int, TallyT]:
    """Play so many on each clock, with one country after another; returns how many clocks, too."""
    clocks = distinct_clocks(sorted(available_timezones() - NOT_ZONES))
    countries = islice(cycle(COUNTRIES), len(clocks))
    with ProcessPoolExecutor() as pool:
        return len(clocks), total(list(pool.map(on_clock, clocks, countries, repeat(each))))


def main() -> int:
    """Run the campaign over all zones, and print the counts."""
    clocks, result = on_all_clocks(on_clock, PLANS)
    return report(
        result.differences,
        f"{clocks * PLANS} plans, {clocks} clocks, {len(COUNTRIES)} countries:",
        f"{result.occurrences} occurrences, {len(result.differences)} differences",
    )


if __name__ == "__main__":
    sys.exit(main())
