"""The whole of waremind at one glance."""

import os
from collections import Counter
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import waremind
from waremind.daemon.overview import attention_of_all
from waremind.daemon.state import Daemon
from waremind.daemon.views import account_of, freeze_of, timestamp
from waremind.domain.wall_time import rfc3339
from waremind.objects import DaemonState, NextReminder, RunCounts, StatusReport
from waremind.store import history, reminders
from waremind.store.database import Connection

LATELY = timedelta(hours=24)


async def glance(daemon: Daemon) -> StatusReport:
    """Sum up the daemon, the accounts, the runs, and what needs a person."""
    now = daemon.now()
    freeze = daemon.holds.freeze_of(None)
    accounts = [
        account_of(row, now, daemon.holds.freeze_of(row.id)) for row in daemon.accounts.rows()
    ]
    async with daemon.database.connection() as connection:
        attention = await attention_of_all(daemon, connection, accounts, freeze)
        counts = await _counts(connection, now)
        following = await reminders.select_next(connection)
    return StatusReport(
        ok=not attention,
        version=waremind.__version__,
        daemon=DaemonState(os.getpid(), timestamp(daemon.started_at), daemon.database_name),
        frozen=freeze_of(freeze) if freeze else None,
        accounts=dict(Counter(account.status for account in accounts)),
        runs=counts,
        next_at=rfc3339(following.next_at, ZoneInfo(following.zone)) if following else None,
        next_reminder=following and NextReminder(following.id, following.name, following.zone),
        attention=attention,
    )


async def _counts(connection: Connection, now: datetime) -> RunCounts:
    counted = await history.count(connection, now - LATELY)
    return RunCounts(counted.due, counted.held, counted.failed, counted.unknown)
