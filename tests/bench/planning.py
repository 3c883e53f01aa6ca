"""What it costs to find what comes next: by a rule, and by a rule that everything bends."""

from __future__ import annotations

import itertools
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import holidays

from bench.finding import Finding, Scale
from waremind.domain.days_off import DaysOff, DaysOffCalendar, OnOff
from waremind.domain.exceptions import Exceptions
from waremind.domain.misfire import Misfire
from waremind.domain.plan import Plan
from waremind.domain.quiet_hours import Lateness, QuietHours
from waremind.domain.recurrence import Recurrence
from waremind.domain.rule_text import parse_rule

ZONE = ZoneInfo("Europe/Berlin")
START = datetime(2024, 12, 1, 9)  # noqa: DTZ001 - local to the zone
NOW = datetime(2026, 6, 16, 7, tzinfo=UTC)
YEARS = range(2024, 2032)
TARGET = 3
MOMENTS = 12
RULES = {
    "each day": "FREQ=DAILY",
    "on weekdays": "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
    "each month": "FREQ=MONTHLY",
    "each hour": "FREQ=HOURLY",
}


async def measure(scale: Scale) -> AsyncIterator[Finding]:
    """Go on from what a reminder waits for to what comes next, bare and bent in turns."""
    for name, text in RULES.items():
        bare = Plan(Recurrence(parse_rule(text), START, ZONE))
        nexts = [_next(plan) for plan in (bent(bare), bare)]
        turns = [[_microseconds(each) for each in nexts] for _ in range(scale.rounds)]
        # Whatever else the machine does only adds to what it costs.
        ours, theirs = (min(took) for took in zip(*turns, strict=True))
        claim = f"what comes next of all that bends a rule {name}; the bare rule"
        yield Finding(claim, ours, theirs, "us", "at most", TARGET)


def bent(bare: Plan) -> Plan:
    """Bend a rule by exceptions, days off, leads, quiet hours and a rotation."""
    days = dict(holidays.country_holidays("DE", subdiv="BY", years=YEARS).items())
    calendar = DaysOffCalendar("bavaria", days, date(YEARS[-1], 12, 31))
    excepted, also, skipped, moved, to = (
        START.replace(2026, 6, day) for day in (22, 21, 23, 24, 25)
    )
    return Plan(
        bare.recurrence,
        Exceptions(frozenset({excepted}), frozenset({also}), frozenset({skipped}), {moved: to}),
        DaysOff(OnOff.BEFORE, (calendar,), frozenset(range(5))),
        (timedelta(days=1), timedelta(hours=1)),
        QuietHours.parse("22:00-07:00"),
        Lateness(timedelta(minutes=10), Misfire.SKIP),
        numbered=True,
    )


def _next(plan: Plan) -> Callable[[], object]:
    """Make what goes on from several occurrences of a year, each to the one after it."""
    moments = (NOW + timedelta(days=29) * number for number in range(MOMENTS))
    found = (next(one for one in plan.occurrences(at) if one.fires) for at in moments)
    waiting = [one.position for one in found]

    def find() -> object:
        return [next(itertools.islice(plan.going_on(each), 1, None)) for each in waiting]

    return find


def _microseconds(find: Callable[[], object]) -> float:
    begun = time.process_time()
    find()
    return (time.process_time() - begun) / MOMENTS * 1e6
