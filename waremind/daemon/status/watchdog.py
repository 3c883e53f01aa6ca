"""What systemd hears while the daemon runs: how all is, and that its event loop is alive.

A PostgreSQL of yours is not judged: to end the daemon would not bring it back, and would lose how
sends have ended that it could not write. The embedded one is a part of us: it must not hang.
"""

import asyncio
from functools import partial
from typing import NoReturn

from waremind.daemon.services import Services
from waremind.daemon.status.report import status_report
from waremind.daemon.system.postgres import EMBEDDED
from waremind.daemon.system.systemd import Systemd
from waremind.daemon.system.tasks import run_every
from waremind.objects import RunCounts, StatusAttention, StatusReport

MOST_SECONDS = 10.0


async def beat(services: Services, systemd: Systemd) -> None:
    """Tell STATUS and feed the watchdog, for ever."""
    if not systemd.listens:
        await asyncio.Event().wait()
    period = min(MOST_SECONDS, (systemd.watchdog_seconds or MOST_SECONDS) / 3)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_feed(services, systemd, period))
        tell, failures = partial(_tell, services, systemd), services.runtime.failures
        tasks.create_task(run_every(period, failures, "tell systemd how all is", tell))


async def _feed(services: Services, systemd: Systemd, period: float) -> NoReturn:
    is_embedded = services.database_name == EMBEDDED
    while True:
        # One that has ended is started again; one that is there and says nothing needs us to end.
        if not (is_embedded and await services.runtime.database.is_silent(period)):
            systemd.tell(WATCHDOG=1)
        await asyncio.sleep(period)


async def _tell(services: Services, systemd: Systemd) -> None:
    systemd.tell(STATUS=status_line(await status_report(services)))


def status_line(report: StatusReport) -> str:
    """Sum up a report as `accounts: 2 connected, 1 unpaired; messages: 3 due, 0 held`."""
    counts = [f"{count} {status}" for status, count in report.accounts.items() if count]
    parts = [f"accounts: {', '.join(counts) or 'none'}", f"messages: {_messages(report.runs)}"]
    if report.frozen:
        parts.append("frozen")
    parts += [each.text for each in report.attention if _says_all(each)][:1]
    if not report.ok:
        parts.append("needs a person: waremind doctor")
    return "; ".join(parts)


def _says_all(need: StatusAttention) -> bool:
    return need.kind == "daemon" and need.severity == "critical"


def _messages(runs: RunCounts | None) -> str:
    return f"{runs.due} due, {runs.held} held" if runs else "unknown"
