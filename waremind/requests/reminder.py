"""Requests about reminders."""

from msgspec import UNSET, UnsetType, field

from waremind.objects import MisfireRule
from waremind.requests.core import Mutation, Request
from waremind.requests.plan import PlanFields
from waremind.requests.reminder_results import (
    Occurrences,
    ReminderChanged,
    ReminderDeleted,
    ReminderResult,
    Reminders,
)

__all__ = ["Occurrences", "ReminderChanged", "ReminderDeleted", "ReminderResult", "Reminders"]


class ReminderAdd(PlanFields, frozen=True, kw_only=True):
    method = "reminder.add"
    name: str
    account: str
    to: list[str]
    text: str
    at: str | None = None
    rrule: str | None = None
    crontab: str | None = field(default=None, name="cron")
    on_calendar: str | None = None
    start: str | None = None
    tz: str | None = None
    misfire: MisfireRule = "skip"
    grace_seconds: int | None = None
    mention_all: bool = False
    exist_ok: bool = False


class ReminderSet(ReminderAdd, frozen=True, kw_only=True):
    method = "reminder.set"


class ReminderEdit(PlanFields, frozen=True, kw_only=True):
    """Only the given fields change; `to` replaces."""

    method = "reminder.edit"
    reminder: str
    name: str | UnsetType = UNSET
    to: list[str] | UnsetType = UNSET
    text: str | UnsetType = UNSET
    at: str | UnsetType = UNSET
    rrule: str | UnsetType = UNSET
    crontab: str | UnsetType = field(default=UNSET, name="cron")
    on_calendar: str | UnsetType = UNSET
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
    crontab: str | None = field(default=None, name="cron")
    on_calendar: str | None = None
    start: str | None = None
    tz: str | None = None
    count: int = 10
    from_: str | None = field(default=None, name="from")
    explain: bool = False
    text: bool = False
