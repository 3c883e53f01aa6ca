"""Requests about reminders."""

from msgspec import UNSET, Struct, UnsetType, field

from waremind.objects import MisfireRule, Occurrence, Reminder
from waremind.requests.core import Changed, Mutation, Request


class ReminderResult(Struct, frozen=True):
    """One reminder."""

    reminder: Reminder


class Reminders(Struct, frozen=True):
    """Reminders by name."""

    reminders: list[Reminder]


class ReminderChanged(Changed, frozen=True, kw_only=True):
    """The reminder that was asked to change, its next times, and what an operator should know.

    `created` says of `reminder.set` whether it had to add the reminder.
    """

    reminder: Reminder
    next: tuple[Occurrence, ...] = ()
    warnings: tuple[str, ...] = ()
    created: bool | UnsetType = UNSET


class ReminderDeleted(Changed, frozen=True, kw_only=True):
    """The reminder as it was (None: there was none), and how many runs went with it."""

    reminder: Reminder | None
    runs: int = 0


class Occurrences(Struct, frozen=True):
    """What will fire, or would."""

    occurrences: list[Occurrence]


class ReminderAdd(Mutation[ReminderChanged], frozen=True, kw_only=True):
    method = "reminder.add"
    name: str
    account: str
    to: list[str]
    text: str
    at: str | None = None
    rrule: str | None = None
    start: str | None = None
    tz: str | None = None
    misfire: MisfireRule = "skip"
    grace_seconds: int | None = None
    mention_all: bool = False
    exist_ok: bool = False


class ReminderSet(ReminderAdd, frozen=True, kw_only=True):
    method = "reminder.set"


class ReminderEdit(Mutation[ReminderChanged], frozen=True, kw_only=True):
    """Only the given fields change; `to` replaces."""

    method = "reminder.edit"
    reminder: str
    name: str | UnsetType = UNSET
    to: list[str] | UnsetType = UNSET
    text: str | UnsetType = UNSET
    at: str | UnsetType = UNSET
    rrule: str | UnsetType = UNSET
    start: str | UnsetType = UNSET
    tz: str | UnsetType = UNSET
    misfire: MisfireRule | UnsetType = UNSET
    grace_seconds: int | UnsetType = UNSET
    mention_all: bool | UnsetType = UNSET


class ReminderList(Request[Reminders], frozen=True, kw_only=True):
    method = "reminder.list"
    account: str | None = None
    state: str | None = None


class ReminderShow(Request[ReminderResult], frozen=True, kw_only=True):
    method = "reminder.show"
    reminder: str


class ReminderPause(Mutation[ReminderChanged], frozen=True, kw_only=True):
    method = "reminder.pause"
    reminder: str


class ReminderResume(Mutation[ReminderChanged], frozen=True, kw_only=True):
    method = "reminder.resume"
    reminder: str


class ReminderDelete(Mutation[ReminderDeleted], frozen=True, kw_only=True):
    method = "reminder.delete"
    reminder: str
    missing_ok: bool = False


class ReminderNext(Request[Occurrences], frozen=True, kw_only=True):
    """Preview a stored reminder, or a rule that needs none."""

    method = "reminder.next"
    reminder: str | None = None
    rrule: str | None = None
    start: str | None = None
    tz: str | None = None
    count: int = 10
    from_: str | None = field(default=None, name="from")
    explain: bool = False
