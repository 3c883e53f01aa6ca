"""Why a reminder fires when it does: gaps and folds of the clock, and days that do not exist."""

from calendar import day_name, isleap, monthrange
from collections.abc import Iterator
from datetime import date, datetime
from typing import NamedTuple

from waremind.domain.recurrence import Recurrence
from waremind.domain.recurrence_days import PERIODS, WEEKS_IN_MONTH, explicit, weeks_of
from waremind.domain.rule import Day, Frequency, Rule
from waremind.domain.wall_time import wall_of

# The fourth of a weekday is at the latest on the 28th.
LAST_FOURTH = 28


class Skip(NamedTuple):
    """A month (`2027-02`) or a year that has no such day, and the sentence that says so."""

    period: str
    text: str


def skips(recurrence: Recurrence, after: datetime, before: datetime) -> Iterator[Skip]:
    """Yield the months and years between two instants in which a named day does not exist.

    Where BYSETPOS picks from the days that there are, none is missing.
    """
    rule = recurrence.rule
    if rule is None or rule.freq > Frequency.MONTHLY or rule.bysetpos:
        return
    start = recurrence.start.date()
    first = max(wall_of(after, recurrence.zone).date(), start)
    last = wall_of(before, recurrence.zone).date()
    monthdays = explicit(rule, recurrence.start).bymonthday
    for end in _month_ends(first, last):
        if _is_in_turn(rule, start, end):
            yield from _missing_in_month(rule, monthdays, end)
            yield from _missing_in_year(rule, end)


def _month_ends(first: date, last: date) -> Iterator[date]:
    """Yield the last days of months from `first` on, all before `last`."""
    for number in range(first.year * 12 + first.month - 1, last.year * 12 + last.month):
        year, month = number // 12, number % 12 + 1
        end = date(year, month, monthrange(year, month)[1])
        if end < last:
            yield end


def _is_in_turn(rule: Rule, start: date, day: date) -> bool:
    """Return whether INTERVAL has the rule look at the period that holds `day`."""
    number = PERIODS[rule.freq].number
    return (number(day, rule.wkst) - number(start, rule.wkst)) % rule.interval == 0


def _missing_in_month(rule: Rule, monthdays: tuple[int, ...], end: date) -> Iterator[Skip]:
    if end.month not in (rule.bymonth or range(1, 13)):
        return
    counted_in_month = rule.freq is Frequency.MONTHLY or rule.bymonth
    names = [_place(number) for number in monthdays if abs(number) > end.day]
    names += [
        f"{_place(day.nth)} {day_name[day.weekday]}"
        for day in rule.byday
        if counted_in_month and abs(day.nth) == WEEKS_IN_MONTH and not _comes_five_times(day, end)
    ]
    yield from (Skip(f"{end:%Y-%m}", f"{end:%B %Y} has no {name}") for name in names)


def _comes_five_times(day: Day, end: date) -> bool:
    """Return whether the month that ends on `end` has five of a weekday."""
    last = end.day - (end.weekday() - day.weekday) % 7
    return last > LAST_FOURTH


def _missing_in_year(rule: Rule, end: date) -> Iterator[Skip]:
    if end.month < 12:  # noqa: PLR2004 - December
        return
    names = [f"day {n}" for n in rule.byyearday if abs(n) > 365 + isleap(end.year)]
    names += [f"week {n}" for n in rule.byweekno if abs(n) > weeks_of(end.year, rule.wkst)]
    yield from (Skip(f"{end.year}", f"{end.year} has no {name}") for name in names)


def _place(number: int) -> str:
    """Write 31 as `31st`, and -31 as `31st last`, counted from its end."""
    size = abs(number)
    ending = "th" if size in range(11, 14) else {1: "st", 2: "nd", 3: "rd"}.get(size % 10, "th")
    return f"{size}{ending}" + (" last" if number < 0 else "")
