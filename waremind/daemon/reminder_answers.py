"""What an operator who writes a reminder is told: the reminder, its next times, warnings."""

from collections.abc import Iterator
from datetime import timedelta

from msgspec import UNSET

from waremind.daemon.budget import budget_warnings
from waremind.daemon.reminder_views import occurrences_of, reminders_of
from waremind.daemon.reminders import Draft, absent
from waremind.daemon.state import Daemon
from waremind.domain.quoting import quoted
from waremind.objects import Reminder
from waremind.requests.core import Mutation, checked
from waremind.requests.reminder import ReminderChanged, ReminderPause, ReminderSet

# What has happened already is no warning about what was written now.
_PAST = ("last_run_failed", "last_run_unknown")


async def answer(
    daemon: Daemon,
    request: Mutation[ReminderChanged],
    draft: Draft,
    *,
    changed: bool,
    created: bool = False,
) -> ReminderChanged:
    """Answer a request that changes a reminder."""
    row = draft.row
    async with daemon.database.connection() as connection:
        views = await reminders_of(daemon, connection, [row], {row.id: draft.groups})
    if not views:
        raise absent(row.name)
    return ReminderChanged(
        changed=changed,
        reminder=views[0],
        next=occurrences_of(draft.next, row.zone),
        warnings=tuple(_warnings(daemon, request, draft, views[0])),
        created=created if isinstance(request, ReminderSet) else UNSET,
        check=checked(request),
    )


def _warnings(
    daemon: Daemon, request: Mutation[ReminderChanged], draft: Draft, view: Reminder
) -> Iterator[str]:
    row = draft.row
    if row.state == "paused" and not isinstance(request, ReminderPause):
        yield f"it is paused; waremind reminder resume {quoted(row.name)}"
    for entry in view.attention:
        if entry.code not in _PAST:
            yield f"{entry.text}; {entry.fix}"
    account = daemon.accounts.get(row.account_id).row
    governor, grace = daemon.settings.governor, timedelta(seconds=row.grace_seconds)
    yield from budget_warnings(governor, account, len(draft.groups), draft.next, grace)
