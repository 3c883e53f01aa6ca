"""Requests about runs, and those that make one now."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from waremind.daemon.api.arguments import parse_since, valid_limit
from waremind.daemon.api.listing import Listing
from waremind.daemon.api.run_now import check_may_send, patience, run_now, shown_run
from waremind.daemon.api.run_pages import RunPages
from waremind.daemon.delivery.scheduler import run_of
from waremind.daemon.reminders.changes import get
from waremind.daemon.reminders.content import valid_text
from waremind.daemon.reminders.group_lookup import groups_for
from waremind.daemon.reminders.media import attachment_for
from waremind.daemon.reminders.mentions import addresses, fixed_mention
from waremind.daemon.services import Services
from waremind.daemon.system import audit
from waremind.daemon.system.caller import Caller
from waremind.domain.fields import named_by
from waremind.domain.ids import new_id, shown
from waremind.domain.mentions import addressed, mentions_of
from waremind.domain.misfire import Misfire
from waremind.errors import ErrorCode, WaremindError
from waremind.objects import Run
from waremind.requests.core import checked
from waremind.requests.run import (
    ReminderRun,
    RunAcknowledge,
    RunChanged,
    RunList,
    RunResolve,
    RunResult,
    RunShow,
    Send,
)
from waremind.store import deliveries, members, runs, silence
from waremind.store import groups as groups_table
from waremind.store.accounts import AccountRow
from waremind.store.attachments import attaching
from waremind.store.database import Connection
from waremind.store.groups import GroupRow
from waremind.store.reassertion import ClaimedRun, WrittenClaim
from waremind.store.runs import STATUSES, RunRow, Wanted

KEY_KEPT = timedelta(hours=24)
LONGEST_KEY = 200


async def run_reminder(services: Services, caller: Caller, request: ReminderRun) -> RunChanged:
    """Fire a reminder now, beside its rule."""
    patience(request.timeout_seconds)
    now = services.now()
    async with services.database.transaction() as connection:
        row = await get(connection, request.reminder)
        account = await services.accounts.row(row.account_id, connection)
        to = await groups_for(connection, account, request.to) if request.to else ()
        await check_may_send(connection, account, now)
        if request.check:
            return RunChanged(changed=True, run=None, check=True)
        kind = "rehearsal" if to else "regular"
        mentions = await members.of_reminders(connection, {row.id: named_by(row.options)})
        made = replace(run_of(row, now, now, mentions), kind=kind)
        run = await _insert(connection, replace(made, follow_up_at=None) if to else made)
        ids = None
        if to:
            ids = await _deliver_to(connection, run, to)
        else:
            await deliveries.insert_of_runs(connection, [run.id], now)
        target = ("reminder", row.id, row.name)
        await audit.write(connection, now, caller.operator, request.method, target, run=run.id)
    services.runtime.recent.claimed(WrittenClaim([ClaimedRun(run, ids)]))
    services.changes.work_for([account.id])
    await caller.written(account.id)
    return await run_now(services, caller, request, run.id, changed=True)


async def _insert(connection: Connection, run: RunRow) -> RunRow:
    """Add a run that is due now; when one of the reminder occurs at this instant, just before."""
    while not await runs.insert(connection, [run]):
        run = replace(run, occurs_at=run.occurs_at - timedelta(microseconds=1))
    return run


async def _deliver_to(
    connection: Connection, run: RunRow, groups: Sequence[GroupRow]
) -> Sequence[str]:
    """Have a run sent to these groups; returns their ids."""
    jids = [group.jid for group in groups]
    ids = await groups_table.ensure(connection, run.account_id, jids)
    await deliveries.insert_to(connection, run.id, ids, run.created_at)
    return ids


async def send(services: Services, caller: Caller, request: Send) -> RunChanged:
    """Send one text now; with a key that is known, answer with the run that has it."""
    patience(request.timeout_seconds)
    key = _valid_key(request.key)
    attachment = await attachment_for(services, caller, request.media, check=request.check)
    text, mention = valid_text(request.text, attachment), fixed_mention(request.mention)
    account = await services.accounts.row(request.account)
    now = services.now()
    run = replace(_message(services, account, text, key, now), **attaching(attachment))
    made: list[ClaimedRun] = []
    async with services.database.transaction() as connection:
        groups = await groups_for(connection, account, request.to)
        known = await runs.with_key(connection, account.id, key, now - KEY_KEPT) if key else None
        if known is None:
            await check_may_send(connection, account, now)
            known_by = await addresses(connection, groups, mention)
            if request.check:
                return RunChanged(changed=True, run=None, check=True)
            said = addressed(text, mention, known_by)
            run = replace(run, text=said, mentions=mentions_of(mention, known_by))
            await runs.insert(connection, [run])
            ids = await _deliver_to(connection, run, groups)
            made.append(ClaimedRun(run, ids))
            target = ("account", account.id, account.label)
            await audit.write(connection, now, caller.operator, request.method, target, run=run.id)
    if request.check:
        return RunChanged(changed=False, run=await shown_run(services, known or run.id), check=True)
    services.runtime.recent.claimed(WrittenClaim(made))
    services.changes.work_for([account.id])
    await caller.written(account.id)
    return await run_now(services, caller, request, known or run.id, changed=known is None)


def _valid_key(key: str | None) -> str | None:
    if key is not None and not (0 < len(key) <= LONGEST_KEY and key.isprintable()):
        message = f"cannot use the key {shown(key)}: it is not 1-{LONGEST_KEY} printable characters"
        hint = "name what is sent and when, such as: --key backup-2026-12-01"
        raise WaremindError(ErrorCode.INVALID_INPUT, message, hint=hint)
    return key


def _message(
    services: Services, account: AccountRow, text: str, key: str | None, now: datetime
) -> RunRow:
    settings = services.settings
    grace_seconds = settings.delivery.grace_seconds
    return RunRow(
        id=new_id("run"),
        reminder_id=None,
        account_id=account.id,
        occurs_at=now,
        zone=settings.default_tz or "UTC",
        text=text,
        mention_all=False,
        give_up_at=now + timedelta(seconds=grace_seconds),
        grace_seconds=grace_seconds,
        misfire=Misfire.SKIP,
        created_at=now,
        key=key,
    )


async def list_(services: Services, _caller: Caller, request: RunList) -> Listing:
    """List runs, newest first."""
    _check_status(request.status)
    limit = valid_limit(request.limit, "runs")
    account = await services.accounts.only(request.account)
    start = parse_since(request.since, services.now())
    async with services.database.connection() as connection:
        key = request.reminder
        reminder = None if key is None else (await get(connection, key)).id
    wanted = Wanted(reminder=reminder, account=account, status=request.status, since=start)
    found = RunPages(services.database, wanted, limit)
    return Listing("runs", found.read(), lambda: {"truncated": found.truncated})


def _check_status(status: str | None) -> None:
    if status is not None and status not in STATUSES:
        message = f"cannot list runs: there is no status {shown(status)}"
        hint = "one of " + ", ".join(STATUSES)
        raise WaremindError(ErrorCode.INVALID_INPUT, message, hint=hint)


async def show(services: Services, _caller: Caller, request: RunShow) -> RunResult:
    """Show one run."""
    return RunResult(await shown_run(services, request.run, receipts=request.receipts))


async def resolve(services: Services, caller: Caller, request: RunResolve) -> RunChanged:
    """Say how the deliveries ended of which nobody else can know."""
    run = await shown_run(services, request.run)
    if not any(delivery.status == "unknown" for delivery in run.deliveries):
        _check_resolved(run, request.outcome)
        return RunChanged(changed=False, run=run, check=checked(request))
    if request.check:
        return RunChanged(changed=True, run=run, check=True)
    now, outcome = services.now(), request.outcome
    async with services.database.transaction() as connection:
        resolved = await deliveries.resolve(connection, run.id, outcome, now)
        if resolved:
            target, by = ("run", run.id, None), caller.operator
            await audit.write(connection, now, by, request.method, target, outcome=outcome)
    services.changes.runs_changed(resolved)
    run = await shown_run(services, run.id)
    if not resolved:  # by somebody else at this moment
        _check_resolved(run, outcome)
    return RunChanged(changed=bool(resolved), run=run)


def _check_resolved(run: Run, outcome: str) -> None:
    """Refuse to resolve again otherwise, or what was never unknown."""
    said = {delivery.status for delivery in run.deliveries if delivery.reason == "resolved"}
    if said != {outcome}:
        message = f"cannot resolve {run.id}: none of its deliveries is unknown, it is {run.status}"
        hint = f"waremind run show {run.id}"
        raise WaremindError(ErrorCode.CONFLICT, message, hint=hint)


async def acknowledge(services: Services, caller: Caller, request: RunAcknowledge) -> RunChanged:
    """Let what nobody has received need nobody any more."""
    run, now = await shown_run(services, request.run), services.now()
    async with services.database.transaction() as connection:
        if request.check:
            changed = await silence.is_silent(connection, run.id)
            return RunChanged(changed=changed, run=run, check=True)
        changed = await silence.acknowledge(connection, run.id, now)
        if changed:
            target = ("run", run.id, None)
            await audit.write(connection, now, caller.operator, request.method, target)
    return RunChanged(changed=changed, run=run)
