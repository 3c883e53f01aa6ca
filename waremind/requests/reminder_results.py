"""What requests about reminders answer."""

from msgspec import UNSET, Struct, UnsetType, field

from waremind.objects import Occurrence, Reminder
from waremind.requests.core import Changed


class ReminderResult(Struct, frozen=True):
    """One reminder."""

    reminder: Reminder


class Reminders(Struct, frozen=True):
    """Reminders by name."""

    reminders: list[Reminder]


class ReminderChanged(Changed, frozen=True, kw_only=True):
    """The reminder that was asked to change, its next times, and what an operator should know.

    `occurrences` names those that were skipped, put back or moved by their own local times, as RFC
    3339 without an offset. `created` says of `reminder.set` whether it had to add the reminder.
    """

    reminder: Reminder
    next: tuple[Occurrence, ...] = ()
    warnings: tuple[str, ...] = ()
    occurrences: tuple[str, ...] | UnsetType = UNSET
    created: bool | UnsetType = UNSET


class ReminderDeleted(Changed, frozen=True, kw_only=True):
    """The reminder as it was (None: there was none), and how many runs went with it."""

    reminder: Reminder | None
    runs: int = 0


class Occurrences(Struct, frozen=True):
    """What will fire, or would; `left_out` says why what would come after that does not."""

    occurrences: list[Occurrence]
    left_out: list[str] = field(default_factory=list)
