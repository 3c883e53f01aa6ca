"""The gateway whose sessions are child processes."""

import asyncio
import logging
import os

from waremind.whatsapp.deadline import Deadline
from waremind.whatsapp.fork_client import ForkClient
from waremind.whatsapp.gateway import OnReport, Opening
from waremind.whatsapp.sandbox import lacks
from waremind.whatsapp.session import ProcessSession, SessionEnvironment

log = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 15.0


class ProcessGateway:
    """Runs neonize in a child process for each account; none sends after the deadline."""

    def __init__(
        self,
        *,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
        deadline: Deadline | None = None,
    ) -> None:
        for lack in lacks():
            log.warning("sessions are confined less than they should be: %s", lack)
        self._fork_client = ForkClient(deadline or Deadline())
        self._sessions: dict[str, ProcessSession] = {}
        slots = asyncio.Semaphore(os.cpu_count() or 1)
        self._environment = SessionEnvironment(
            self._fork_client, slots, heartbeat_seconds, self._forget
        )

    async def prepare(self) -> None:
        """Have at hand what each session starts from."""
        await self._fork_client.prepare()

    async def open(self, opening: Opening, on_report: OnReport) -> ProcessSession:
        """Open a session once the account's previous one is gone; that one is ended if it lives."""
        while previous := self._sessions.get(opening.account):
            await previous.end()
        session = ProcessSession(opening, on_report, self._environment)
        self._sessions[opening.account] = session
        return session

    async def log_out(self, opening: Opening, within_seconds: float) -> bool:
        """Log in only to unlink the device. See `gateway.Gateway.log_out`."""
        session = await self.open(opening, lambda _: None)
        return await session.end(log_out=True, log_out_seconds=within_seconds)

    def owns(self, pid: int) -> bool:
        """Tell whether a process is a session's. See `gateway.Gateway.owns`."""
        return any(session.pid == pid for session in self._sessions.values())

    async def close(self) -> None:
        """End every session and the fork server."""
        while self._sessions:
            await asyncio.gather(*(session.end() for session in self._sessions.values()))
        await self._fork_client.close()

    def _forget(self, session: ProcessSession) -> None:
        if self._sessions.get(session.opening.account) is session:
            del self._sessions[session.opening.account]
