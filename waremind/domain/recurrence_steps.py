"""Rules of hours and minutes: real ones, counted in UTC, with BY parts read off the local clock."""

import itertools
from calendar import isleap, monthrange
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from waremind.domain.rule import Frequency, Rule
from waremind.domain.wall_time import LAST_INSTANT, instant_of, wall_of

UNITS = {Frequency.HOURLY: timedelta(hours=1), Frequency.MINUTELY: timedelta(minutes=1)}


def real_times(rule: Rule, start: datetime, zone: ZoneInfo, since: datetime) -> Iterator[datetime]:
    """Yield UTC instants of the rule, ascending, from the hour or minute that holds `since` on.

    `start` is naive and local; `since` is in UTC and not before it. An hour that the clock shows
    twice fires twice, one that it leaves out does not fire; no real hour is lost or doubled.
    """
    starts_at = instant_of(start, zone)
    if not rule.has_parts:
        return _each_period(UNITS[rule.freq] * rule.interval, starts_at, since)
    return _named_times(rule, starts_at, zone, since)


def _each_period(step: timedelta, starts_at: datetime, since: datetime) -> Iterator[datetime]:
    """Yield the one time of each period, of which nothing is left out."""
    number = max((since - starts_at) // step, 0)
    periods = (LAST_INSTANT - starts_at) // step + 1
    return (starts_at + step * each for each in range(number, periods))


def _named_times(
    rule: Rule, starts_at: datetime, zone: ZoneInfo, since: datetime
) -> Iterator[datetime]:
    first = wall_of(starts_at, zone)
    into = timedelta(minutes=first.minute, seconds=first.second) % UNITS[rule.freq]
    seconds = rule.bysecond or (first.second,)
    for period in _periods(rule, starts_at - into, zone, since):
        minutes = _minutes(rule, first.minute, period, zone)
        looked_at = (
            period + timedelta(minutes=minute, seconds=second)
            for minute, second in itertools.product(minutes, seconds)
        )
        yield from _picked(rule, [at for at in looked_at if _names(rule, wall_of(at, zone))])


def _periods(rule: Rule, origin: datetime, zone: ZoneInfo, since: datetime) -> Iterator[datetime]:
    """Yield the beginnings of the hours or minutes that INTERVAL allows and BY parts may name."""
    unit = UNITS[rule.freq]
    number = (since - origin) // unit
    while True:
        number += -number % rule.interval
        period = origin + number * unit
        if period > LAST_INSTANT:
            return
        possible = _first_possible(rule, period, zone)
        if possible < period + unit:
            yield period
            number += 1
        else:
            number = (possible - origin) // unit


def _first_possible(rule: Rule, at: datetime, zone: ZoneInfo) -> datetime:
    """Return the first instant, from `at` on, whose local day and hour the rule may name."""
    wall = wall_of(at, zone)
    if not _names_day(rule, wall.date()):
        target = datetime.combine(wall.date() + timedelta(days=1), time())
    elif rule.byhour and wall.hour not in rule.byhour:
        target = _next_named_hour(rule, wall)
    else:
        return at
    possible = instant_of(target, zone)
    # With a fold in between the same hours come again: step through them one by one.
    clock_goes_back = possible - at > target - wall
    return at + UNITS[rule.freq] if clock_goes_back else possible


def _next_named_hour(rule: Rule, wall: datetime) -> datetime:
    midnight = datetime.combine(wall.date(), time())
    hour = next((hour for hour in rule.byhour if hour > wall.hour), 24)
    return midnight + timedelta(hours=hour)


def _minutes(rule: Rule, first: int, period: datetime, zone: ZoneInfo) -> list[int]:
    """Return which minutes of a real hour to look at; in a period of a minute that is itself."""
    if rule.freq is Frequency.MINUTELY:
        return [0]
    if not rule.byminute:
        return [first]
    # A clock put forward by half an hour within this hour has two sets of minutes in it.
    edges = {wall_of(at, zone).minute for at in (period, period + UNITS[rule.freq])}
    return sorted({(minute - edge) % 60 for minute in rule.byminute for edge in edges})


def _names(rule: Rule, wall: datetime) -> bool:
    return (
        (not rule.byminute or wall.minute in rule.byminute)
        and (not rule.byhour or wall.hour in rule.byhour)
        and _names_day(rule, wall.date())
    )


def _names_day(rule: Rule, day: date) -> bool:
    return (
        (not rule.bymonth or day.month in rule.bymonth)
        and (not rule.byday or any(day.weekday() == named.weekday for named in rule.byday))
        and (not rule.bymonthday or _is_named(rule.bymonthday, day.day, _days_in_month(day)))
        and (not rule.byyearday or _is_named(rule.byyearday, *_place_in_year(day)))
    )


def _days_in_month(day: date) -> int:
    return monthrange(day.year, day.month)[1]


def _place_in_year(day: date) -> tuple[int, int]:
    """Return which day of how many it is."""
    return day.timetuple().tm_yday, 365 + isleap(day.year)


def _is_named(named: tuple[int, ...], place: int, length: int) -> bool:
    """Return whether a place is named, counted from the front or, negative, from the back."""
    return place in named or place - length - 1 in named


def _picked(rule: Rule, named: list[datetime]) -> list[datetime]:
    """Return those that BYSETPOS picks out of one period's."""
    if not rule.bysetpos:
        return named
    places = enumerate(named, 1)
    return [at for place, at in places if _is_named(rule.bysetpos, place, len(named))]
