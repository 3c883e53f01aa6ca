"""Rules of days, weeks, months and years: which wall times they name, by python-dateutil.

dateutil is asked for whole days from the first day of a period on, and nothing else. What it does
wrong is done here: BYSETPOS in a first, partial period; BYDAY=MO,1FR; BYWEEKNO 52 and 53.
"""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any, Literal

from dateutil import rrule as dateutil

from waremind.domain.rule import Day, Frequency, Rule
from waremind.domain.wall_time import LAST_INSTANT

WEEKS_IN_MONTH = 5
WEEKS_IN_YEAR = 53


@dataclass(frozen=True, slots=True)
class Period:
    """dateutil's name of a frequency, and how its periods are numbered (a week begins on WKST)."""

    freq: Literal[0, 1, 2, 3]
    number: Callable[[date, int], int]
    first_day: Callable[[int, int], date]


PERIODS: dict[Frequency, Period] = {
    Frequency.YEARLY: Period(
        dateutil.YEARLY, lambda day, _: day.year, lambda number, _: date(number, 1, 1)
    ),
    Frequency.MONTHLY: Period(
        dateutil.MONTHLY,
        lambda day, _: day.year * 12 + day.month - 1,
        lambda number, _: date(number // 12, number % 12 + 1, 1),
    ),
    # Day 1 of the calendar is a Monday.
    Frequency.WEEKLY: Period(
        dateutil.WEEKLY,
        lambda day, wkst: (day.toordinal() - 1 - wkst) // 7,
        lambda number, wkst: date.fromordinal(number * 7 + 1 + wkst),
    ),
    Frequency.DAILY: Period(
        dateutil.DAILY,
        lambda day, _: day.toordinal(),
        lambda number, _: date.fromordinal(number),
    ),
}


def explicit(rule: Rule, start: datetime) -> Rule:
    """Return the rule with all that RFC 5545 takes from the start written out."""
    return replace(
        rule,
        byhour=rule.byhour or (start.hour,),
        byminute=rule.byminute or (start.minute,),
        bysecond=rule.bysecond or (start.second,),
        **_explicit_days(rule, start),
    )


def _explicit_days(rule: Rule, start: datetime) -> dict[str, Any]:
    match rule.freq:
        case _ if rule.byday or rule.bymonthday or rule.byyearday:
            return {"byday": tuple(_counted_days(rule))}
        case Frequency.YEARLY if not rule.byweekno:
            return {"bymonth": rule.bymonth or (start.month,), "bymonthday": (start.day,)}
        case Frequency.YEARLY | Frequency.WEEKLY:
            return {"byday": (Day(start.weekday()),)}
        case Frequency.MONTHLY:
            return {"bymonthday": (start.day,)}
        case _:
            return {}


def _counted_days(rule: Rule) -> Iterator[Day]:
    """Write MO beside 1FR as 1MO, 2MO …: dateutil wants all of them counted, or none."""
    in_month = rule.freq is Frequency.MONTHLY or rule.bymonth
    last = WEEKS_IN_MONTH if in_month else WEEKS_IN_YEAR
    some_counted = any(day.nth for day in rule.byday)
    for day in rule.byday:
        if some_counted and not day.nth:
            yield from (Day(day.weekday, nth) for nth in range(1, last + 1))
        else:
            yield day


def wall_times(rule: Rule, start: datetime, since: datetime) -> Iterator[datetime]:
    """Yield the naive local times of an explicit rule, ascending, from `since` on.

    INTERVAL is counted from the period that holds `start`, which is not after `since`.
    """
    days = _days(rule, start.date(), since.date())
    if rule.bysetpos:
        named = _picked(rule, days)
    else:
        later = itertools.dropwhile(lambda day: day.date() < since.date(), days)
        named = (day + into for day in later for into in _clock(rule))
    return itertools.dropwhile(lambda wall: wall < since, named)


def _days(rule: Rule, start: date, since: date) -> Iterator[datetime]:
    """Yield the midnights of the rule's days from the first of the period that holds `since` on."""
    period = PERIODS[rule.freq]
    number = period.number(since, rule.wkst)
    number += (period.number(start, rule.wkst) - number) % rule.interval
    if number > period.number(LAST_INSTANT.date(), rule.wkst):
        return iter(())
    first_day = datetime.combine(period.first_day(number, rule.wkst), time())
    days = iter(_from_dateutil(rule, first_day))
    return filter(lambda day: _in_week(rule, day), days) if rule.byweekno else days


def _from_dateutil(rule: Rule, first_day: datetime) -> dateutil.rrule:
    return dateutil.rrule(
        PERIODS[rule.freq].freq,
        dtstart=first_day,
        interval=rule.interval,
        wkst=rule.wkst,
        bymonth=rule.bymonth or None,
        byyearday=rule.byyearday or None,
        bymonthday=rule.bymonthday or None,
        byweekday=[dateutil.weekday(day.weekday, day.nth or None) for day in rule.byday] or None,
        byhour=0,
        byminute=0,
        bysecond=0,
    )


def _in_week(rule: Rule, day: date) -> bool:
    """Return whether the day is in one of BYWEEKNO's weeks."""
    year, week = week_of(day, rule.wkst)
    return week in rule.byweekno or week - weeks_of(year, rule.wkst) - 1 in rule.byweekno


def week_of(day: date, wkst: int) -> tuple[int, int]:
    """Return the year and number of a day's week: the year that has four or more of its days."""
    fourth_day = day + timedelta(days=3 - (day.weekday() - wkst) % 7)
    return fourth_day.year, (fourth_day.timetuple().tm_yday - 1) // 7 + 1


def weeks_of(year: int, wkst: int) -> int:
    """Return how many weeks a year has: 28 December is in the last one."""
    return week_of(date(year, 12, 28), wkst)[1]


def _clock(rule: Rule) -> Iterator[timedelta]:
    """Yield the rule's times of a day, as what has passed since midnight on the clock."""
    for hour, minute, second in itertools.product(rule.byhour, rule.byminute, rule.bysecond):
        yield timedelta(hours=hour, minutes=minute, seconds=second)


def _picked(rule: Rule, days: Iterator[datetime]) -> Iterator[datetime]:
    """Yield what BYSETPOS picks out of each period's times."""
    number = PERIODS[rule.freq].number
    clock = list(_clock(rule))
    for _, group in itertools.groupby(days, key=lambda day: number(day, rule.wkst)):
        named = list(group)
        size = len(named) * len(clock)
        places = {place - 1 if place > 0 else size + place for place in rule.bysetpos}
        for place in sorted(place for place in places if 0 <= place < size):
            day, into = divmod(place, len(clock))
            yield named[day] + clock[into]
