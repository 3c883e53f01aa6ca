"""Requests about calendars: days off under a name."""

from msgspec import Struct, field

from waremind.objects import Timestamp
from waremind.requests.core import Changed, Mutation, Request


class Calendar(Struct, frozen=True, kw_only=True):
    """Days off under a name; nothing is known of days after `ends_on`."""

    id: str
    name: str
    source: str
    country: str | None
    subdivision: str | None
    ends_on: str
    changed_at: Timestamp


class DayOff(Struct, frozen=True):
    """A day off, and what it is called."""

    day: str
    name: str


class MovedReminder(Struct, frozen=True):
    """A reminder whose next time changes with a calendar, and both times."""

    reminder: str
    was: Timestamp | None
    next_at: Timestamp | None


class CalendarResult(Struct, frozen=True):
    """One calendar with its days from today on."""

    calendar: Calendar
    days: list[DayOff]


class Calendars(Struct, frozen=True):
    """Calendars by name."""

    calendars: list[Calendar]


class CalendarChanged(Changed, frozen=True, kw_only=True):
    """The calendar that was asked to change, and the reminders whose next times change with it."""

    calendar: Calendar | None
    moved: list[MovedReminder] = field(default_factory=list)


class CalendarAdd(Mutation[CalendarChanged], frozen=True, kw_only=True):
    """One of `country`, `ics` (a file's content) and `days` (one a line) says which days."""

    method = "calendar.add"
    name: str
    country: str | None = None
    subdivision: str | None = None
    ics: str | None = None
    days: str | None = None
    exist_ok: bool = False


class CalendarSet(CalendarAdd, frozen=True, kw_only=True):
    method = "calendar.set"


class CalendarRefresh(Mutation[CalendarChanged], frozen=True, kw_only=True):
    """Find the days of a calendar anew: those of its country, or of a newer file."""

    method = "calendar.refresh"
    calendar: str
    ics: str | None = None
    days: str | None = None


class CalendarList(Request[Calendars], frozen=True, kw_only=True):
    method = "calendar.list"


class CalendarShow(Request[CalendarResult], frozen=True, kw_only=True):
    method = "calendar.show"
    calendar: str


class CalendarDelete(Mutation[CalendarChanged], frozen=True, kw_only=True):
    method = "calendar.delete"
    calendar: str
    missing_ok: bool = False
