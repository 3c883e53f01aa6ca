"""The daemon's pulse: while it runs and PostgreSQL answers, systemd hears so, and how all is."""

import asyncio
from typing import NoReturn

from waremind.daemon.services import Services
from waremind.daemon.status.report import status_report
from waremind.daemon.system.systemd import Systemd
from waremind.errors import WaremindError
from waremind.objects import StatusReport

MOST_SECONDS = 10.0


async def beat(services: Services, systemd: Systemd) -> NoReturn:
    """Tell STATUS for ever, and feed the watchdog each time that PostgreSQL has answered."""
    if not systemd.listens:
        await asyncio.Event().wait()
    period = min(MOST_SECONDS, (systemd.watchdog_seconds or MOST_SECONDS) / 3)
    while True:
        try:
            async with asyncio.timeout(period):
                await _ask_postgres(services)
                line = status_line(await status_report(services))
        except (WaremindError, TimeoutError):
            systemd.tell(STATUS="PostgreSQL does not answer")
        else:
            systemd.tell(STATUS=line, WATCHDOG=1)
        await asyncio.sleep(period)


async def _ask_postgres(services: Services) -> None:
    async with services.database.connection() as connection:
        await connection.execute("SELECT 1")


def status_line(report: StatusReport) -> str:
    """Sum up a report as `accounts: 2 connected, 1 unpaired; messages: 3 due, 0 held`."""
    counts = [f"{count} {status}" for status, count in report.accounts.items() if count]
    parts = [
        f"accounts: {', '.join(counts) or 'none'}",
        f"messages: {report.runs.due} due, {report.runs.held} held",
    ]
    if report.frozen:
        parts.append("frozen")
    if not report.ok:
        parts.append("needs a person: waremind doctor")
    return "; ".join(parts)
