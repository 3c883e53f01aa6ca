"""Requests about reminders."""

from collections.abc import AsyncGenerator, Sequence
from datetime import timedelta
from typing import get_args

from waremind.daemon.api.listing import Listing, pages
from waremind.daemon.reminders import deletion, occurrences
from waremind.daemon.reminders.answers import answer
from waremind.daemon.reminders.changes import (
    Draft,
    Redraft,
    absent,
    change,
    create,
    drafted,
    get,
    redrafted,
)
from waremind.daemon.reminders.content import asked_for, content_of, edited_content
from waremind.daemon.reminders.media import attachment_for
from waremind.daemon.reminders.pausing import paused, resumed
from waremind.daemon.reminders.preview import preview
from waremind.daemon.reminders.views import reminders_of
from waremind.daemon.services import Services
from waremind.daemon.system.caller import Caller
from waremind.domain.ids import shown
from waremind.errors import ErrorCode, WaremindError
from waremind.objects import Reminder, ReminderState
from waremind.requests.core import Mutation, checked
from waremind.requests.plan import ReminderMove, ReminderSkip, ReminderUnskip
from waremind.requests.reminder import (
    Occurrences,
    ReminderAdd,
    ReminderChanged,
    ReminderDelete,
    ReminderDeleted,
    ReminderEdit,
    ReminderList,
    ReminderNext,
    ReminderPause,
    ReminderResult,
    ReminderResume,
    ReminderSet,
    ReminderShow,
)
from waremind.store import reminders as table
from waremind.store.groups import GroupRow
from waremind.store.reminder_row import ReminderRow

STATES = get_args(ReminderState)
# `set` may come again and again: it never fires the past.
NEVER_LATE = timedelta(0)


async def add(services: Services, caller: Caller, request: ReminderAdd) -> ReminderChanged:
    """Make a reminder whose name is free."""
    attachment = await attachment_for(services, caller, request.media, check=request.check)
    async with services.database.connection() as connection:
        content = await asked_for(services, connection, request, attachment)
        there = await table.find(connection, content.name)
    if there is None:
        draft = await drafted(services, content, content.grace)
        if request.check:
            return await answer(services, request, draft, changed=True)
        if written := await create(services, draft, caller.operator, request.method):
            return await answer(services, request, written, changed=True)
    if not request.exist_ok:
        raise table.taken(content.name)
    return await _change(services, caller, request, content.name, _left)


async def _left(_row: ReminderRow, _groups: Sequence[GroupRow]) -> None:
    """Leave a reminder as it is."""


async def set_(services: Services, caller: Caller, request: ReminderSet) -> ReminderChanged:
    """Make a reminder, change it, or find it so."""
    attachment = await attachment_for(services, caller, request.media, check=request.check)
    async with services.database.connection() as connection:
        content = await asked_for(services, connection, request, attachment)
        there = await table.find(connection, content.name)
    if there is None:
        draft = await drafted(services, content, NEVER_LATE)
        if request.check:
            return await answer(services, request, draft, changed=True, created=True)
        if written := await create(services, draft, caller.operator, request.method):
            return await answer(services, request, written, changed=True, created=True)

    async def redraft(row: ReminderRow, groups: Sequence[GroupRow]) -> Draft | None:
        old = await content_of(services, row, groups)
        new = content.in_place_of(old, request)
        return await redrafted(services, row, old, new, NEVER_LATE) if old != new else None

    return await _change(services, caller, request, content.name, redraft)


async def edit(services: Services, caller: Caller, request: ReminderEdit) -> ReminderChanged:
    """Change what is given and nothing else."""
    attachment = await attachment_for(services, caller, request.media, check=request.check)

    async def redraft(row: ReminderRow, groups: Sequence[GroupRow]) -> Draft | None:
        old = await content_of(services, row, groups)
        async with services.database.connection() as connection:
            account = await services.accounts.row(row.account_id, connection)
            new = await edited_content(connection, old, account, request, attachment)
        return await redrafted(services, row, old, new, new.grace) if old != new else None

    return await _change(services, caller, request, request.reminder, redraft)


async def pause(services: Services, caller: Caller, request: ReminderPause) -> ReminderChanged:
    """Pause a reminder: what is due meanwhile is skipped."""
    return await _change(services, caller, request, request.reminder, paused)


async def resume(services: Services, caller: Caller, request: ReminderResume) -> ReminderChanged:
    """Let a paused reminder fire again."""

    async def redraft(row: ReminderRow, groups: Sequence[GroupRow]) -> Draft | None:
        return await resumed(services, row, groups)

    return await _change(services, caller, request, request.reminder, redraft)


async def skip(services: Services, caller: Caller, request: ReminderSkip) -> ReminderChanged:
    """Skip an occurrence, or the next ones."""

    async def redraft(row: ReminderRow, groups: Sequence[GroupRow]) -> Draft | None:
        return await occurrences.skipped(services, row, groups, request)

    return await _change(services, caller, request, request.reminder, redraft)


async def unskip(services: Services, caller: Caller, request: ReminderUnskip) -> ReminderChanged:
    """Put an occurrence back."""

    async def redraft(row: ReminderRow, groups: Sequence[GroupRow]) -> Draft | None:
        return await occurrences.unskipped(services, row, groups, request)

    return await _change(services, caller, request, request.reminder, redraft)


async def move(services: Services, caller: Caller, request: ReminderMove) -> ReminderChanged:
    """Move an occurrence to another time."""

    async def redraft(row: ReminderRow, groups: Sequence[GroupRow]) -> Draft | None:
        return await occurrences.moved(services, row, groups, request)

    return await _change(services, caller, request, request.reminder, redraft)


async def _change(
    services: Services,
    caller: Caller,
    request: Mutation[ReminderChanged],
    key: str,
    redraft: Redraft,
) -> ReminderChanged:
    operator = None if request.check else caller.operator
    changed, draft = await change(services, key, redraft, operator, request.method)
    return await answer(services, request, draft, changed=changed)


async def delete(services: Services, caller: Caller, request: ReminderDelete) -> ReminderDeleted:
    """Delete a reminder with its runs."""
    operator = None if request.check else caller.operator
    try:
        gone = await deletion.delete(services, request.reminder, operator, request.method)
    except WaremindError as error:
        if request.missing_ok and error.code is ErrorCode.NOT_FOUND:
            return ReminderDeleted(changed=False, reminder=None, check=checked(request))
        raise
    return ReminderDeleted(
        changed=True, reminder=gone.reminder, runs=gone.runs, check=checked(request)
    )


async def list_(services: Services, _caller: Caller, request: ReminderList) -> Listing:
    """List reminders by name, of one account or in one state."""
    if request.state not in {None, *STATES}:
        message = f"cannot list reminders: there is no state {shown(request.state or '')}"
        raise WaremindError(ErrorCode.INVALID_INPUT, message, hint="one of " + ", ".join(STATES))
    account = await services.accounts.only(request.account)

    async def read(last: ReminderRow | None, size: int) -> list[ReminderRow]:
        async with services.database.connection() as connection:
            after = last and last.name
            return await table.select(connection, account, request.state, after=after, limit=size)

    async def found() -> AsyncGenerator[list[Reminder]]:
        async for rows in pages(read):
            async with services.database.connection() as connection:
                views = await reminders_of(services, connection, rows)
            yield views

    return Listing("reminders", found())


async def show(services: Services, _caller: Caller, request: ReminderShow) -> ReminderResult:
    """Show one reminder."""
    async with services.database.connection() as connection:
        row = await get(connection, request.reminder)
        views = await reminders_of(services, connection, [row])
    if not views:
        raise absent(request.reminder)
    return ReminderResult(views[0])


async def next_(services: Services, _caller: Caller, request: ReminderNext) -> Occurrences:
    """List exactly when a reminder fires next, or when a rule would."""
    return await preview(services, request)
