"""Requests about reminders as events of an ICS file (RFC 5545)."""

from typing import Literal

from msgspec import Struct, field

from waremind.objects import Timestamp
from waremind.requests.core import Changed, Mutation, Request


class TakenEvent(Struct, frozen=True):
    """A reminder that an event became, or that is there already."""

    reminder: str
    status: Literal["added", "unchanged"]
    next_at: Timestamp | None


class NotTaken(Struct, frozen=True):
    """An event or a reminder that the other side has not, or not as it is, and why."""

    name: str
    reason: str


class Imported(Changed, frozen=True, kw_only=True):
    """What became of a file's events; `warnings` are about those that were taken."""

    reminders: list[TakenEvent]
    not_taken: list[NotTaken] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


class Exported(Struct, frozen=True, kw_only=True):
    """An ICS file, and what is in it only as its next times, or not at all."""

    ics: str
    left_out: list[NotTaken] = field(default_factory=list)


class ReminderImport(Mutation[Imported], frozen=True, kw_only=True):
    """Add the events of an ICS file (its content) as reminders.

    `tz` is the zone of times that have none, `all_day` (`09:00`) when events without a time fire;
    with `alarms` a message is sent ahead when an event's alarm rings.
    """

    method = "reminder.import"
    ics: str
    account: str
    to: list[str]
    tz: str | None = None
    all_day: str | None = None
    alarms: bool = False


class ReminderExport(Request[Exported], frozen=True, kw_only=True):
    """Write reminders as an ICS file: those that are named, else all that are active."""

    method = "reminder.export"
    reminders: list[str] = field(default_factory=list)
