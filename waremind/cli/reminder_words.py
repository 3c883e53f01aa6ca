"""When a reminder fires, in one sentence of a person's words."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from waremind.domain.duration import UNIT_SECONDS, format_duration
from waremind.domain.mentions import entry_of
from waremind.domain.rule import WEEKDAYS
from waremind.domain.rule_text import parse_rule
from waremind.domain.rule_words import day_words, listed, rule_words
from waremind.errors import WaremindError
from waremind.objects import Reminder
from waremind.requests.calendar import Calendar

# More names or times than these are counted, not listed.
MOST_NAMED = 4
UNITS = {"d": "day", "h": "hour", "m": "minute", "s": "second"}

Calendars = Mapping[str, Calendar]


def sentence(reminder: Reminder, calendars: Calendars, today: date) -> str:
    """Say when it fires, and all that bends its rule."""
    parts = (
        _rule(reminder) + _days_off(reminder, calendars),
        *_bent(reminder),
        _next(reminder, today),
    )
    return "; ".join(part for part in parts if part)


def _rule(reminder: Reminder) -> str:
    if reminder.rrule is None:
        at = datetime.fromisoformat(reminder.at or "")
        return f"once on {day_words(at)} at {_clock(at)} {reminder.tz}"
    start = datetime.fromisoformat(reminder.start or "").replace(tzinfo=None)
    try:
        return rule_words(parse_rule(reminder.rrule), start, ZoneInfo(reminder.tz))
    except (WaremindError, ZoneInfoNotFoundError):  # a newer daemon's, or a zone of its machine
        return f"{reminder.rrule} {reminder.tz}"


def _clock(at: datetime) -> str:
    return f"{at:%H:%M:%S}" if at.second else f"{at:%H:%M}"


def _days_off(reminder: Reminder, calendars: Calendars) -> str:
    kept = [_calendar(name, calendars) for name in reminder.off]
    kept += [f"days other than {_span(reminder.workdays)}"] if reminder.workdays else []
    if not kept:
        return ""
    working = "working day" if reminder.workdays else "day"
    policy = "" if reminder.on_off == "skip" else f": then the {working} {reminder.on_off}"
    return f", not on {listed(kept, 'or')}{policy}"


def _calendar(name: str, calendars: Calendars) -> str:
    known = calendars.get(name)
    return f"{'public holidays' if known and known.country else 'days off'} of {name}"


def _span(workdays: Sequence[str]) -> str:
    """Write weekdays as --workdays takes them."""
    numbers = [WEEKDAYS.index(day) for day in workdays]
    in_a_row = numbers == list(range(numbers[0], numbers[-1] + 1)) and len(numbers) > 1
    return f"{workdays[0]}-{workdays[-1]}" if in_a_row else ",".join(workdays)


def _bent(reminder: Reminder) -> Iterator[str]:
    leads = [duration_words(seconds) for seconds in reminder.before_seconds]
    yield f"{listed(leads)} ahead" if leads else ""
    if quiet := reminder.quiet:
        yield "in quiet hours, too" if quiet == "none" else f"quiet {quiet}"
    yield _follow_up(reminder)
    yield _counted("except", reminder.except_)
    yield _counted("also", reminder.also)
    yield _counted("skipped", reminder.skipped)
    yield _counted("moved", (each.own for each in reminder.moved))
    turns = [entry_of(entry).name for entry in reminder.rotate[:MOST_NAMED]]
    more = len(reminder.rotate) - len(turns)
    turns += [f"{more} more"] if more else []
    yield f"in turn: {', '.join(turns)}" if turns else ""


def duration_words(seconds: int) -> str:
    """Write `1 day`, `2 hours 30 minutes`."""
    rest, words = seconds, list[str]()
    for unit, size in UNIT_SECONDS.items():
        amount, rest = divmod(rest, size)
        words += [f"{amount} {UNITS[unit]}{'s' * (amount > 1)}"] if amount else []
    return " ".join(words)


def _follow_up(reminder: Reminder) -> str:
    if not reminder.follow_up_seconds:
        return ""
    after = format_duration(timedelta(seconds=reminder.follow_up_seconds))
    percent = reminder.unless_read_percent
    return f"again after {after}" + (f" unless {percent} % have read it" if percent else "")


def _counted(verb: str, times: Iterable[str]) -> str:
    moments = [datetime.fromisoformat(each) for each in times]
    if len(moments) > MOST_NAMED:
        return f"{verb} {len(moments)} times"
    return f"{verb} {listed(map(day_words, moments))}" if moments else ""


def _next(reminder: Reminder, today: date) -> str:
    if reminder.next_at is None:
        return reminder.state if reminder.state != "active" else ""
    at = datetime.fromisoformat(reminder.next_at)
    year = "" if at.year == today.year else f" {at.year}"
    turn = f", turn: {reminder.next_turn}" if reminder.next_turn else ""
    return f"next: {at:%a} {at.day} {at:%b}{year}{turn}"
