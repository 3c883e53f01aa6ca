"""The whole of waremind in one report, and all in it that needs a person."""

import asyncio
import os
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

import waremind
from waremind.daemon.accounts.views import account_of, freeze_of, frozen
from waremind.daemon.reminders.attention import ACCOUNT_TROUBLES
from waremind.daemon.reminders.views import reminders_of
from waremind.daemon.services import Services
from waremind.daemon.status.daemon_attention import daemon_attention
from waremind.domain.wall_time import rfc3339
from waremind.objects import (
    Account,
    Attention,
    DaemonState,
    NextReminder,
    RunCounts,
    StatusAttention,
    StatusReport,
)
from waremind.store import delivery_rows, reminders
from waremind.store import reminders as reminders_table
from waremind.store import runs as runs_table
from waremind.store.database import Connection
from waremind.store.holds import FreezeRow
from waremind.whatsapp.engine_age import read_engine

# A glance: who has more troubled reminders, or runs, than these lists them all.
MOST = 50
THAW = "waremind thaw"


async def attention_list(
    services: Services,
    connection: Connection,
    accounts: Sequence[Account],
    freeze: FreezeRow | None,
) -> list[StatusAttention]:
    """List what needs a person, the daemon's own needs first; `freeze` is that of everything."""
    found: list[StatusAttention] = []
    if freeze:
        found.append(_of("daemon", None, None, frozen(freeze, "outgoing messages are", THAW)))
    await asyncio.to_thread(read_engine)
    found += [_of("daemon", None, None, entry) for entry in daemon_attention(services)]
    for account in accounts:
        found += [_of("account", account.id, account.label, entry) for entry in account.attention]
    silent = [account.id for account in accounts if account.status in ACCOUNT_TROUBLES]
    rows = await reminders_table.select_troubled(connection, silent, MOST + 1)
    for reminder in await reminders_of(services, connection, rows[:MOST]):
        found += [_of("reminder", reminder.id, reminder.name, e) for e in reminder.attention]
    if len(rows) > MOST:
        found.append(_of("reminder", None, None, _more(services, "reminder")))
    return found + await _of_sends(services, connection)


async def _of_sends(services: Services, connection: Connection) -> list[StatusAttention]:
    """List the messages of no reminder of which nobody can know whether they were sent."""
    runs = await runs_table.unknown_sends(connection, MOST + 1)
    found = [_of("run", run, None, _unknown(run, since)) for run, since in runs[:MOST]]
    if len(runs) > MOST:
        found.append(_of("run", None, None, _more(services, "run")))
    return found


def _unknown(run: str, since: datetime) -> Attention:
    return Attention(
        code="send_unknown",
        severity="warning",
        since=rfc3339(since),
        text="nobody can know whether it was sent",
        fix=f"look at the phone, then: waremind run resolve {run} --as sent|failed",
    )


def _more(services: Services, what: str) -> Attention:
    return Attention(
        code="more",
        severity="warning",
        since=rfc3339(services.now()),
        text=f"more than {MOST} {what}s need a person",
        fix=f"waremind {what} list",
    )


def _of(kind: str, id_: str | None, name: str | None, entry: Attention) -> StatusAttention:
    return StatusAttention(kind=kind, id=id_, name=name, **msgspec.structs.asdict(entry))


LATELY = timedelta(hours=24)


async def status_report(services: Services) -> StatusReport:
    """Sum up the daemon, the accounts, the runs, and what needs a person."""
    now = services.now()
    freeze = services.holds.freeze_of(None)
    accounts = [
        account_of(row, now, services.holds.freeze_of(row.id)) for row in services.accounts.rows()
    ]
    async with services.database.connection() as connection:
        attention = await attention_list(services, connection, accounts, freeze)
        counts = await _counts(connection, now)
        following = await reminders.select_next(connection)
    return StatusReport(
        ok=not attention,
        version=waremind.__version__,
        daemon=DaemonState(os.getpid(), rfc3339(services.started_at), services.database_name),
        frozen=freeze_of(freeze) if freeze else None,
        accounts=dict(Counter(account.status for account in accounts)),
        runs=counts,
        next_at=rfc3339(following.next_at, ZoneInfo(following.zone)) if following else None,
        next_reminder=following and NextReminder(following.id, following.name, following.zone),
        attention=attention,
    )


async def _counts(connection: Connection, now: datetime) -> RunCounts:
    counted = await delivery_rows.count(connection, now - LATELY)
    return RunCounts(counted.due, counted.held, counted.failed, counted.unknown)
