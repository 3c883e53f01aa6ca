"""The whole of waremind at one glance."""

import os
from collections import Counter

import waremind
from waremind.daemon.asking import Asking
from waremind.daemon.state import Daemon
from waremind.daemon.views import account_of, timestamp
from waremind.objects import Account, DaemonState, RunCounts, StatusAttention, StatusReport
from waremind.requests.daemon import Status, Version, VersionResult


async def status(daemon: Daemon, _asking: Asking, _request: Status) -> StatusReport:
    """Answer what `report` sums up."""
    return await report(daemon)


async def report(daemon: Daemon) -> StatusReport:
    """Sum up the daemon, the accounts, the runs, and what needs a person."""
    now = daemon.now()
    accounts = [account_of(row, now) for row in daemon.accounts.rows()]
    attention = [entry for account in accounts for entry in _attention(account)]
    return StatusReport(
        ok=not attention,
        version=waremind.__version__,
        daemon=DaemonState(os.getpid(), timestamp(daemon.started_at), daemon.database_name),
        frozen=None,
        accounts=dict(Counter(account.status for account in accounts)),
        runs=RunCounts(),
        next_at=None,
        attention=attention,
    )


def _attention(account: Account) -> list[StatusAttention]:
    return [
        StatusAttention(
            kind="account",
            id=account.id,
            name=account.label,
            code=entry.code,
            severity=entry.severity,
            since=entry.since,
            text=entry.text,
            fix=entry.fix,
        )
        for entry in account.attention
    ]


async def version(_daemon: Daemon, _asking: Asking, _request: Version) -> VersionResult:
    """Say the daemon's version."""
    return VersionResult(waremind.__version__)
