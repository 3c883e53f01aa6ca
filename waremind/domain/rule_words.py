"""A rule in the words of a person; what has no short ones is said by its own text."""

from calendar import day_name, month_name
from collections.abc import Iterable, Sequence
from datetime import datetime, time
from itertools import product
from zoneinfo import ZoneInfo

from waremind.domain.rule import Day, Frequency, Rule
from waremind.domain.wall_time import wall_of

# More times of a day than these are a list, not a sentence.
MOST_TIMES = 4
WEEKDAYS = {tuple(range(7)): "daily", tuple(range(5)): "weekdays", (5, 6): "weekends"}
# What BYSETPOS picks one of.
PICKED = {tuple(range(7)): "day", tuple(range(5)): "weekday", (5, 6): "weekend day"}
PLACES = {1: "first", 2: "second", 3: "third", 4: "fourth", 5: "fifth", -1: "last"}
PLACES[-2] = "second last"
ENDINGS = {1: "st", 2: "nd", 3: "rd", 21: "st", 22: "nd", 23: "rd", 31: "st"}


def rule_words(rule: Rule, start: datetime, zone: ZoneInfo) -> str:
    """Say when a rule fires that starts at a naive local time of a zone."""
    if said := _when(rule, start):
        return f"{said} {zone.key}{_end(rule, zone)}"
    return f"{rule} from {start:%Y-%m-%d %H:%M} {zone.key}"


def listed(names: Iterable[str], joined: str = "and") -> str:
    """Write `Mon, Tue and Wed`."""
    *others, last = names
    return f"{', '.join(others)} {joined} {last}" if others else last


def _when(rule: Rule, start: datetime) -> str | None:
    clock = _clock(rule, start)
    if rule.byweekno or rule.byyearday or clock is None:
        return None
    if rule.bysetpos and (rule.freq is not Frequency.MONTHLY or " and " in clock):
        return None
    days = _DAYS[rule.freq](rule, start)
    return f"{days} {clock}" if days and clock else days


def _clock(rule: Rule, start: datetime) -> str | None:
    """Say at which times of a day; a rule that counts hours or minutes names none."""
    if rule.freq.is_sub_daily:
        return ""
    parts = (
        rule.byhour or (start.hour,),
        rule.byminute or (start.minute,),
        rule.bysecond or (start.second,),
    )
    times = [time(*each) for each in product(*parts)]
    if len(times) > MOST_TIMES:
        return None
    return "at " + listed(f"{at:%H:%M:%S}" if at.second else f"{at:%H:%M}" for at in times)


def _end(rule: Rule, zone: ZoneInfo) -> str:
    if rule.count:
        return f", {rule.count} times"
    ends_at = rule.ends_at(zone)
    return f", until {day_words(wall_of(ends_at, zone))}" if ends_at else ""


def day_words(day: datetime) -> str:
    """Write `Thu 24 Dec 2026`."""
    return f"{day:%a} {day.day} {day:%b %Y}"


def _in_months(rule: Rule) -> str:
    return f" in {_months(rule)}" if rule.bymonth else ""


def _months(rule: Rule) -> str:
    return listed(month_name[month] for month in rule.bymonth)


def _often(rule: Rule, start: datetime) -> str | None:
    """Say how often a rule fires that counts real hours or minutes."""
    if rule.byhour or rule.bymonthday or rule.bysecond not in {(), (start.second,)}:
        return None
    unit = {Frequency.HOURLY: "hour", Frequency.MINUTELY: "minute"}[rule.freq]
    often = _every(rule.interval, unit)
    if rule.freq is Frequency.HOURLY:
        minutes = listed(str(minute) for minute in rule.byminute or (start.minute,))
        often += f" at minute {minutes}"
    elif rule.byminute:
        return None
    days = f"{_weekdays(rule.byday)}, " if rule.byday else ""
    return f"{days}{often}{_in_months(rule)}"


def _every(interval: int, unit: str) -> str:
    return f"every {unit}" if interval == 1 else f"every {interval} {unit}s"


def _daily(rule: Rule, _start: datetime) -> str | None:
    if rule.bymonthday or (rule.byday and rule.interval > 1):
        return None
    days = _weekdays(rule.byday) if rule.byday else _every(rule.interval, "day")
    return ("daily" if days == "every day" else days) + _in_months(rule)


def _weekly(rule: Rule, start: datetime) -> str | None:
    days = rule.byday or (Day(start.weekday()),)
    if rule.interval == 1:
        return _weekdays(days) + _in_months(rule)
    if rule.wkst and len(days) > 1:
        return None  # where a week begins decides, and no short word says it
    names = listed(day_name[day.weekday] for day in days)
    return f"every {rule.interval} weeks on {names}{_in_months(rule)}"


def _weekdays(days: Sequence[Day]) -> str:
    numbers = tuple(day.weekday for day in days)
    return WEEKDAYS.get(numbers) or "every " + listed(day_name[number] for number in numbers)


def _monthly(rule: Rule, start: datetime) -> str | None:
    place = _place(rule, start)
    if place is None or (rule.bymonth and rule.interval > 1):
        return None
    if rule.interval > 1:
        return f"every {rule.interval} months on {place}"
    return f"on {place} of {_months(rule) if rule.bymonth else 'each month'}"


def _yearly(rule: Rule, start: datetime) -> str | None:
    if not rule.bymonth and (rule.byday or rule.bymonthday):
        return None
    place = _place(rule, start)
    months = _months(rule) if rule.bymonth else month_name[start.month]
    years = "each year" if rule.interval == 1 else f"every {rule.interval} years"
    return place and f"{years} on {place} of {months}"


def _place(rule: Rule, start: datetime) -> str | None:
    """Say which days of a month."""
    if rule.byday and not rule.bymonthday:
        return _picked(rule) if rule.bysetpos else _counted(rule.byday)
    if rule.byday or rule.bysetpos:
        return None
    days = sorted(rule.bymonthday or (start.day,), key=lambda day: (day < 0, day))
    names = ["last day" if day == -1 else f"{day}{ENDINGS.get(day, 'th')}" for day in days]
    return None if days[-1] < -1 or days[0] < -1 else f"the {listed(names)}"


def _picked(rule: Rule) -> str | None:
    numbers = tuple(day.weekday for day in rule.byday)
    names = {**PICKED, numbers[:1]: day_name[numbers[0]]}
    place = PLACES.get(rule.bysetpos[0]) if len(rule.bysetpos) == 1 else None
    is_known = place and numbers in names and not any(day.nth for day in rule.byday)
    return f"the {place} {names[numbers]}" if is_known else None


def _counted(days: Sequence[Day]) -> str | None:
    if any(day.nth not in PLACES for day in days):
        return None
    return "the " + listed(f"{PLACES[day.nth]} {day_name[day.weekday]}" for day in days)


_DAYS = {
    Frequency.YEARLY: _yearly,
    Frequency.MONTHLY: _monthly,
    Frequency.WEEKLY: _weekly,
    Frequency.DAILY: _daily,
    Frequency.HOURLY: _often,
    Frequency.MINUTELY: _often,
}
