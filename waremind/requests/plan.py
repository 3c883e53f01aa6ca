"""What bends a reminder's rule, as operators ask for it; and requests about single occurrences."""

from msgspec import UNSET, UnsetType, field

from waremind.objects import MediaFile, OnOffRule
from waremind.requests.core import Mutation
from waremind.requests.reminder_results import ReminderChanged


class PlanFields(Mutation[ReminderChanged], frozen=True, kw_only=True):
    """What is not given stays as it is, or is not there.

    Times are local to the reminder's zone; `before` holds seconds. `media` is a file that was
    handed over (`upload`), or whose content the daemon has; then the text may be empty.
    `mention` holds phone numbers, LIDs and `{turn}`.
    """

    except_: list[str] | UnsetType = field(default=UNSET, name="except")
    also: list[str] | UnsetType = UNSET
    off: list[str] | UnsetType = UNSET
    workdays: str | UnsetType = UNSET
    on_off: OnOffRule | UnsetType = UNSET
    before: list[int] | UnsetType = UNSET
    quiet: str | UnsetType | None = UNSET
    rotate: list[str] | UnsetType = UNSET
    rotate_skipped: bool | UnsetType = UNSET
    follow_up_seconds: int | UnsetType | None = UNSET
    unless_read_percent: int | UnsetType | None = UNSET
    fields: bool | UnsetType = UNSET
    until_day: str | UnsetType | None = UNSET
    media: MediaFile | UnsetType | None = UNSET
    mention: list[str] | UnsetType = UNSET


class ReminderSkip(Mutation[ReminderChanged], frozen=True, kw_only=True):
    """Skip one occurrence by its own time, or the next `count`."""

    method = "reminder.skip"
    reminder: str
    at: str | None = None
    count: int = 1


class ReminderUnskip(Mutation[ReminderChanged], frozen=True, kw_only=True):
    """Take back what `skip` or `move` has done to an occurrence."""

    method = "reminder.unskip"
    reminder: str
    at: str


class ReminderMove(Mutation[ReminderChanged], frozen=True, kw_only=True):
    method = "reminder.move"
    reminder: str
    at: str
    to: str
