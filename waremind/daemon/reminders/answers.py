"""What an operator who writes a reminder is told: the reminder, its next times, warnings."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from msgspec import UNSET

from waremind.daemon.delivery.pace import limits_of
from waremind.daemon.reminders.changes import Draft, absent
from waremind.daemon.reminders.mentions import missing
from waremind.daemon.reminders.views import occurrences_of, reminders_of
from waremind.daemon.services import Services
from waremind.domain.duration import format_duration
from waremind.domain.fields import left_as_they_stand, named_by
from waremind.domain.planned import Planned
from waremind.domain.quoting import quoted
from waremind.domain.wall_time import wall_text
from waremind.objects import Reminder
from waremind.requests.core import Mutation, checked
from waremind.requests.reminder import ReminderChanged, ReminderPause, ReminderSet
from waremind.settings import Governor
from waremind.store.accounts import AccountRow

# What has happened already is no warning about what was written now.
_PAST = ("last_run_failed", "last_run_unknown")


async def answer(
    services: Services,
    request: Mutation[ReminderChanged],
    draft: Draft,
    *,
    changed: bool,
    created: bool = False,
) -> ReminderChanged:
    """Answer a request that changes a reminder."""
    row = draft.row
    async with services.database.connection() as connection:
        views = await reminders_of(services, connection, [row], {row.id: draft.groups})
        absentees = await missing(connection, draft.groups, named_by(row.options))
        account = await services.accounts.find_row(row.account_id, connection)
    if account is None or not views:
        raise absent(row.name)
    return ReminderChanged(
        changed=changed,
        reminder=views[0],
        next=occurrences_of(draft.next, row.zone),
        warnings=(*_warnings(services, request, draft, account, views[0]), *absentees),
        occurrences=tuple(map(wall_text, draft.named)) or UNSET,
        created=created if isinstance(request, ReminderSet) else UNSET,
        check=checked(request),
    )


def _warnings(
    services: Services,
    request: Mutation[ReminderChanged],
    draft: Draft,
    account: AccountRow,
    view: Reminder,
) -> Iterator[str]:
    row = draft.row
    yield from draft.dropped
    if unfilled := left_as_they_stand(row.text, row.options):
        yield f"{', '.join(unfilled)} in the text: sent as it stands; --fields fills it in"
    if row.state == "paused" and not isinstance(request, ReminderPause):
        yield f"it is paused; waremind reminder resume {quoted(row.name)}"
    for entry in view.attention:
        if entry.code not in _PAST:
            yield f"{entry.text}; {entry.fix}"
    governor, grace = services.settings.governor, timedelta(seconds=row.grace_seconds)
    sent = [one for one in draft.next if one.fires]
    yield from budget_warnings(governor, account, len(draft.groups), sent, grace)


def budget_warnings(
    settings: Governor,
    account: AccountRow,
    groups: int,
    times: Sequence[Planned],
    grace: timedelta,
) -> Iterator[str]:
    """Warn where the account's pace makes some groups late, or the next occurrence."""
    if not settings.enabled or not times:
        return
    limits = limits_of(settings, fresh=_is_fresh(settings, account, times[0].at))
    takes = limits.after(groups)
    if takes > grace:
        yield (
            f"the governor sends to {groups} groups in no less than {_rounded(takes)}:"
            f" the last ones get it later than the grace of {format_duration(grace)}"
        )
    between = min((later.at - one.at for one, later in pairwise(times)), default=None)
    in_the_long_run = timedelta(minutes=groups / limits.per_minute)
    if between is not None and in_the_long_run > between:
        yield (
            f"the governor sends to {groups} groups in {_rounded(in_the_long_run)}, but it fires"
            f" every {_rounded(between)}: messages pile up and get later and later"
        )


def _is_fresh(settings: Governor, account: AccountRow, at: datetime) -> bool:
    """Tell whether the account's device will have been linked only lately."""
    linked_at = account.linked_at
    return linked_at is None or at - linked_at < timedelta(days=settings.fresh_days)


def _rounded(duration: timedelta) -> str:
    return format_duration(timedelta(seconds=round(duration.total_seconds())))
