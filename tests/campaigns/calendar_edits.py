"""Edits lose nothing without saying so: a reminder's plan is changed again and again, by dice.

Between edits a simulated scheduler fires what is planned. At each edit the oracle says which single
occurrences are still some: what an operator has said of them stays, of others it is told and gone.
"""

import asyncio
import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from msgspec import structs

from campaigns.calendar import (
    BEGIN,
    COUNTRIES,
    END,
    MARGIN,
    RULES,
    WORKDAYS,
    days_of,
    fired,
    key,
    occurrences,
    on_all_clocks,
    thrown,
)
from campaigns.calendar_oracle import STORED, Asked, still_named, told, with_exceptions
from campaigns.rules import report, total
from waremind.daemon.reminders.changes import with_occurrences_only
from waremind.daemon.reminders.content import Content
from waremind.daemon.reminders.schedule import Timing
from waremind.domain.days_off import DaysOffCalendar, OnOff
from waremind.domain.plan import Plan
from waremind.domain.plan_options import PlanOptions
from waremind.domain.planned import Planned
from waremind.domain.recurrence_trial import Named
from waremind.errors import WaremindError

LIVES = 2
EDITS = 8
LONGEST = 60  # days between two edits
ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "UTC")
DROPPED = "what was said of {:%Y-%m-%d %H:%M} is dropped: it is no occurrence any more"

Times = list[tuple[datetime, datetime]]


class Edited(NamedTuple):
    """What became of the edits of some lives, and the differences found."""

    edits: int = 0
    kept: int = 0
    dropped: int = 0
    refused: int = 0
    occurrences: int = 0
    differences: tuple[str, ...] = ()


class Evaluator:
    """Answers in this process what the daemon asks a worker."""

    async def named(self, asked: Named) -> tuple[Planned | None, ...]:
        return asked.answer()


@dataclass
class Life:
    """A reminder as the product has it, and as the oracle has it."""

    text: str
    content: Content
    asked: Asked
    dice: random.Random
    wrong: list[str] = field(default_factory=list)
    edits: int = 0
    kept: int = 0
    dropped: int = 0
    refused: int = 0
    occurrences: int = 0

    @property
    def plan(self) -> Plan:
        return self.content.plan(None)

    def named(self) -> Times:
        """List the local times of the rule, and their instants, by the oracle's expansion."""
        return occurrences(self.text, self.content.timing.recurrence)

    def edit(self, at: datetime) -> None:
        """Change something, and compare what stays of what was said before."""
        before = (self.text, self.content, self.asked)
        self.dice.choice(EDITS_BY_DICE)(self, at)
        self.edits += 1
        named = self.named()
        asked, gone = still_named(named, self.asked)
        is_wrong = (gone & self.asked.excepted) - before[2].excepted
        try:
            content, said = asyncio.run(
                with_occurrences_only(Evaluator(), before[1], self.content)  # type: ignore[arg-type]
            )
        except WaremindError as error:
            self.refused += 1
            if not is_wrong:
                self.wrong.append(f"refused without a reason: {error.message}")
            self.text, self.content, self.asked = before
            return
        if is_wrong:
            self.wrong.append(f"not refused: {sorted(is_wrong)}")
        if list(said) != [DROPPED.format(own) for own in sorted(gone)]:
            self.wrong.append(f"dropped {sorted(gone)}, told {said}")
        options = content.options
        left = (set(options.excepted), set(options.skipped), dict(options.moved))
        if left != (asked.excepted, asked.skipped, asked.moved):
            self.wrong.append(f"kept {left}, not {asked}")
        self.content, self.asked = content, asked
        self.kept += sum(map(len, left))
        self.dropped += len(gone)

    def live(self, begin: datetime, end: datetime) -> None:
        """Fire what is planned between two instants, and compare it with the oracle's."""
        seen = [key(one) for one in fired(self.plan, begin, None, end)]
        named = [each for each in self.named() if each[1] < end + MARGIN]
        truth = [
            one.key
            for one in told(named, self.asked)
            if begin <= one.at < end and one.fate in STORED
        ]
        self.occurrences += len(seen)
        if sorted(seen) != sorted(truth):
            strange = sorted(set(seen) ^ set(truth))[:3]
            self.wrong.append(f"clock and oracle differ from {begin} to {end}: {strange}")


def born(zone: str, country: str, dice: random.Random) -> Life:
    """Make a reminder by dice."""
    text, plan, asked = thrown(dice, zone, country)
    recurrence = plan.recurrence
    off = plan.days_off
    options = PlanOptions(
        excepted=tuple(sorted(asked.excepted)),
        also=tuple(sorted(asked.also)),
        skipped=tuple(sorted(asked.skipped)),
        moved=tuple(sorted(asked.moved.items())),
        on_off=off.on_off if off else OnOff.SKIP,
        workdays=_workdays(asked.workdays) if off else (),
        leads=tuple(int(lead.total_seconds()) for lead in plan.leads),
        quiet=str(plan.quiet) if plan.quiet else None,
        rotate=("Ana", "Ben"),
        fields=True,
        rotate_skipped=plan.skipped_count,
    )
    content = Content(
        name="a reminder",
        account="acc",
        to=(),
        groups=(),
        text="{turn}",
        timing=Timing(text, None, recurrence.start, zone),
        misfire=plan.lateness.misfire,
        grace_seconds=int(plan.lateness.grace.total_seconds()),
        mention_all=False,
        options=options,
        off=tuple(each.name for each in off.calendars) if off else (),
        calendars=off.calendars if off else (),
    )
    return Life(text, content, asked, dice)


def _workdays(days: set[int]) -> tuple[int, ...]:
    return () if len(days) == len(WORKDAYS[0]) else tuple(sorted(days))


def _retimed(life: Life, **timing: object) -> None:
    life.content = replace(life.content, timing=replace(life.content.timing, **timing))


def _with(life: Life, **options: object) -> None:
    new = structs.replace(life.content.options, **options)
    life.content = replace(life.content, options=new)


def change_rule(life: Life, _at: datetime) -> None:
    life.text, start = life.dice.choice(list(RULES.items()))
    _retimed(life, rrule=life.text, start=datetime.fromisoformat(start))


def change_start(life: Life, _at: datetime) -> None:
    days, hours = life.dice.choice([0, 0, 1, 7, 400]), life.dice.randrange(-20, 20)
    start = life.content.timing.start + timedelta(days=days, hours=hours)
    _retimed(life, start=start)


def change_zone(life: Life, _at: datetime) -> None:
    zone = life.dice.choice(ZONES)
    _retimed(life, zone=zone)
    life.asked = replace(life.asked, zone=ZoneInfo(zone))


def change_calendar(life: Life, at: datetime) -> None:
    """Give a calendar other days; what is past stays as it was."""
    for old in life.content.calendars:
        new = days_of(life.dice.choice(COUNTRIES))
        days = {day: name for day, name in old.days.items() if day < at.date()}
        days |= {day: name for day, name in new.items() if day >= at.date()}
        life.content = replace(life.content, calendars=(replace(old, days=days),))
        life.asked = replace(life.asked, days=set(days))


def change_policy(life: Life, _at: datetime) -> None:
    on_off = life.dice.choice([None, *OnOff])
    workdays = set(life.dice.choice(WORKDAYS)) if on_off else set(WORKDAYS[0])
    country = life.dice.choice(COUNTRIES)
    calendar = DaysOffCalendar(country, days_of(country), END.date())
    kept = (life.content.calendars or (calendar,)) if on_off else ()
    life.content = replace(life.content, calendars=kept, off=tuple(each.name for each in kept))
    _with(life, on_off=on_off or OnOff.SKIP, workdays=_workdays(workdays))
    days = {day for each in kept for day in each.days}
    asked_for = on_off and on_off.value
    life.asked = replace(life.asked, on_off=asked_for, workdays=workdays, days=days)


def change_except(life: Life, at: datetime) -> None:
    """Name other exceptions; now and then one that is no occurrence."""
    excepted = {each for each in sorted(life.asked.excepted) if life.dice.random() < 0.5}
    excepted |= set(_coming(life, at, 3))
    if excepted and life.dice.random() < 0.3:
        excepted.add(max(excepted) + timedelta(minutes=7))
    _with(life, excepted=tuple(sorted(excepted)))
    life.asked = replace(life.asked, excepted=excepted)


def change_also(life: Life, at: datetime) -> None:
    also = {each for each in sorted(life.asked.also) if life.dice.random() < 0.5}
    also |= {each + timedelta(hours=life.dice.randrange(1, 50)) for each in _coming(life, at, 3)}
    _with(life, also=tuple(sorted(also)))
    life.asked = replace(life.asked, also=also)


def skip(life: Life, at: datetime) -> None:
    skipped = life.asked.skipped | set(_coming(life, at, 4))
    moved = {own: to for own, to in life.asked.moved.items() if own not in skipped}
    _with(life, skipped=tuple(sorted(skipped)), moved=tuple(sorted(moved.items())))
    life.asked = replace(life.asked, skipped=skipped, moved=moved)


def move(life: Life, at: datetime) -> None:
    to = {own: timedelta(minutes=life.dice.randrange(1, 20_000)) for own in _coming(life, at, 4)}
    moved = life.asked.moved | {own: own + later for own, later in to.items()}
    skipped = life.asked.skipped - moved.keys()
    _with(life, skipped=tuple(sorted(skipped)), moved=tuple(sorted(moved.items())))
    life.asked = replace(life.asked, skipped=skipped, moved=moved)


def _coming(life: Life, at: datetime, most: int) -> list[datetime]:
    """Name some of what comes next, added times too."""
    coming = with_exceptions(life.named(), life.asked)
    own = [one.own for one in coming if at < one.own_at < END][:20]
    return life.dice.sample(own, min(len(own), life.dice.randrange(1, most)))


EDITS_BY_DICE: tuple[Callable[[Life, datetime], None], ...] = (
    *(change_rule, change_start, change_start, change_zone, change_calendar, change_policy),
    *(change_except, change_also, skip, move),
)


def on_clock(zone: str, country: str, lives: int) -> Edited:
    """Live some lives on one clock, with the holidays of one country at first."""
    dice = random.Random(f"edits {zone} {country}")
    return total([_lived(born(zone, country, dice)) for _ in range(lives)])


def _moments(dice: random.Random) -> Iterator[datetime]:
    """Yield the moments of edits, between any two seconds that a rule names."""
    at = BEGIN + timedelta(days=dice.randrange(700), seconds=13)
    for _ in range(EDITS + 1):
        yield at
        at += timedelta(days=dice.randrange(1, LONGEST), minutes=dice.randrange(1440))


def _lived(life: Life) -> Edited:
    where = f"{life.text} in {life.content.timing.zone}, {life.asked}"
    for begin, end in pairwise(_moments(life.dice)):
        life.live(begin, end)
        life.edit(end)
    wrong = tuple(f"{each}: {where}" for each in life.wrong)
    return Edited(life.edits, life.kept, life.dropped, life.refused, life.occurrences, wrong)


def main() -> int:
    """Run the campaign over all zones, and print the counts."""
    clocks, result = on_all_clocks(on_clock, LIVES)
    return report(
        result.differences,
        f"{result.edits} edits of {clocks * LIVES} reminders, {clocks} clocks:",
        f"{result.kept} times an exception is kept; {result.dropped} are told and dropped;",
        f"{result.refused} edits are refused;",
        f"{result.occurrences} occurrences in between, {len(result.differences)} differences",
    )


if __name__ == "__main__":
    sys.exit(main())
