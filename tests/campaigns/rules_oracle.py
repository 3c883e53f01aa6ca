"""What rules say by other means than the code that is judged: dateutil, each minute, each day."""

from bisect import bisect_left
from calendar import isleap, monthrange
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import groupby, product
from zoneinfo import ZoneInfo

from dateutil import rrule as dateutil

from waremind.domain.recurrence import Recurrence
from waremind.domain.rule import Day, Frequency, Rule

END = datetime(2038, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def expected(text: str, reminder: Recurrence, begin: datetime, end: datetime) -> list[datetime]:
    """Return the instants of the oracle that is right for the rule."""
    oracle = minutes_of_clock if reminder.rule.freq >= Frequency.HOURLY else expansion_of_dateutil
    return sorted(at for at in oracle(text, reminder, begin, end) if begin <= at < end)


@cache
def expansion(text: str, start: datetime) -> list[datetime]:
    """Expand a rule from its start to the end, without its COUNT and UNTIL."""
    endless = ";".join(p for p in text.split(";") if not p.startswith(("COUNT=", "UNTIL=")))
    naive_end = END.replace(tzinfo=None) + DAY * 2
    return dateutil.rrulestr(endless, dtstart=start).between(start, naive_end, inc=True)


def expansion_of_dateutil(
    text: str, reminder: Recurrence, begin: datetime, end: datetime
) -> list[datetime]:
    """Return what dateutil names around the two instants, counted from the start if need be."""
    walls = expansion(text, reminder.start)
    if not reminder.rule.count:
        first, last = ((at.replace(tzinfo=None)) for at in (begin - DAY * 2, end + DAY * 2))
        walls = walls[bisect_left(walls, first) : bisect_left(walls, last)]
    return placed(reminder, walls)


def minutes_of_clock(
    _text: str, reminder: Recurrence, begin: datetime, end: datetime
) -> Iterator[datetime]:
    """Yield every real minute at which the clock shows what the rule names."""
    rule, start = reminder.rule, reminder.start.replace(tzinfo=reminder.zone).astimezone(UTC)
    unit = HOUR if rule.freq is Frequency.HOURLY else HOUR / 60
    # Without BYMINUTE hours count from the start; with it, from the hour that the start is in.
    into = timedelta(minutes=reminder.start.minute if rule.byminute else 0) % unit
    minute = max(begin, start).replace(second=start.second)
    while minute < end:
        periods, rest = divmod(minute - start + into, unit)
        on_time = rule.byminute or not rest
        if periods % rule.interval == 0 and on_time and shows(rule, minute, reminder.zone):
            yield minute
        minute += HOUR / 60


def shows(rule: Rule, at: datetime, zone: ZoneInfo) -> bool:
    wall = at.astimezone(zone)
    days = {wall.day, -1} if (wall + timedelta(days=1)).month != wall.month else {wall.day}
    return (
        wall.minute in (rule.byminute or range(60))
        and wall.hour in (rule.byhour or range(24))
        and wall.month in (rule.bymonth or range(13))
        and bool(days & set(rule.bymonthday or range(32)))
        and wall.weekday() in ([day.weekday for day in rule.byday] or range(7))
    )


def placed(reminder: Recurrence, walls: list[datetime]) -> list[datetime]:
    """Return wall times as instants: out of gaps, the first in folds, each once, to the end."""
    start = reminder.starts_at
    instants = {wall.replace(tzinfo=reminder.zone).astimezone(UTC) for wall in walls}
    last = reminder.ends_at
    return sorted(at for at in instants if start <= at <= last)[: reminder.rule.count]


def days_of_calendar(reminder: Recurrence, end: date) -> list[datetime]:
    """Walk over every day up to the period of `end`, and read RFC 5545 word by word."""
    rule, start = reminder.rule, reminder.start
    first = start.date() - DAY * 366
    days = [first + DAY * n for n in range((end - first).days + 366)]
    walls: list[datetime] = []
    for period, group in groupby(days, key=lambda day: period_of(rule, day)):
        if (period - period_of(rule, start.date())) % rule.interval == 0:
            walls += times_of(rule, start, [day for day in group if is_named(rule, start, day)])
    return placed(reminder, [wall for wall in walls if wall >= start])


def period_of(rule: Rule, day: date) -> int:
    return {
        Frequency.YEARLY: day.year,
        Frequency.MONTHLY: day.year * 12 + day.month,
        Frequency.WEEKLY: (day.toordinal() - 1 - rule.wkst) // 7,
        Frequency.DAILY: day.toordinal(),
    }[rule.freq]


def times_of(rule: Rule, start: datetime, days: list[date]) -> list[datetime]:
    clock = product(
        rule.byhour or (start.hour,),
        rule.byminute or (start.minute,),
        rule.bysecond or (start.second,),
    )
    walls = [datetime.combine(day, time(*hms)) for day, hms in product(days, clock)]
    places = set(rule.bysetpos)
    return [
        wall
        for place, wall in enumerate(walls, 1)
        if not places or place in places or place - len(walls) - 1 in places
    ]


def is_named(rule: Rule, start: datetime, day: date) -> bool:
    month_length, year_length = monthrange(day.year, day.month)[1], 365 + isleap(day.year)
    year_day = day.timetuple().tm_yday
    return (
        (not rule.bymonth or day.month in rule.bymonth)
        and holds(rule.bymonthday, day.day, month_length)
        and holds(rule.byyearday, year_day, year_length)
        and holds(rule.byweekno, *week_of(day, rule.wkst))
        and (not rule.byday or any(is_weekday(rule, named, day) for named in rule.byday))
        and is_from_start(rule, start, day)
    )


def holds(named: tuple[int, ...], place: int, length: int) -> bool:
    return not named or place in named or place - length - 1 in named


def week_of(day: date, wkst: int) -> tuple[int, int]:
    """Return the number of a day's week, and how many weeks that week's year has."""
    begin = day - DAY * ((day.weekday() - wkst) % 7)
    year = begin.year + (begin >= first_week(begin.year + 1, wkst))
    first, end = first_week(year, wkst), first_week(year + 1, wkst)
    return (begin - first).days // 7 + 1, (end - first).days // 7


def first_week(year: int, wkst: int) -> date:
    """Return the first day of the week that has 4 January in it."""
    fourth = date(year, 1, 4)
    return fourth - DAY * ((fourth.weekday() - wkst) % 7)


def is_weekday(rule: Rule, named: Day, day: date) -> bool:
    """Return whether a day is, say, the second-last Friday of its month, or of its year."""
    if day.weekday() != named.weekday:
        return False
    of_month = rule.freq is Frequency.MONTHLY or rule.bymonth
    length = monthrange(day.year, day.month)[1] if of_month else 365 + isleap(day.year)
    place = day.day if of_month else day.timetuple().tm_yday
    return named.nth in {0, (place - 1) // 7 + 1, -((length - place) // 7) - 1}


def is_from_start(rule: Rule, start: datetime, day: date) -> bool:
    """Return whether what the rule leaves open is as in its start."""
    if rule.byday or rule.bymonthday or rule.byyearday or rule.freq is Frequency.DAILY:
        return True
    if rule.freq is Frequency.WEEKLY or rule.byweekno:
        return day.weekday() == start.weekday()
    same_month = rule.freq is Frequency.MONTHLY or rule.bymonth or day.month == start.month
    return bool(same_month) and day.day == start.day
