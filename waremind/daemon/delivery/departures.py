"""What is leaving now and how what has left ended, for whoever has to wait for it."""

import asyncio
import contextlib
from collections.abc import Collection, Generator
from typing import cast

from waremind.daemon.system.runtime import Runtime
from waremind.daemon.system.tasks import within
from waremind.store import deliveries
from waremind.store.deliveries import Ending

LOOK_SECONDS = 0.05  # at what another node is sending, which tells nobody
FINISH_SECONDS = 2.0  # for what is being sent when somebody waits for it, and to write it


class Departures:
    """The messages that leave, one an account, from past any freeze until their end is written."""

    def __init__(self, runtime: Runtime) -> None:
        self._database = runtime.database
        self._membership = runtime.membership
        self._has_others = runtime.current.settings.cluster.name is not None
        self._leaving: dict[str, asyncio.Task[None]] = {}  # the sends, by account
        self._written = asyncio.Event()  # how one of some account ended
        self.ended: dict[str, Ending] = {}
        """How the last one of an account ended, until PostgreSQL has taken it."""

    @contextlib.contextmanager
    def leaving(self, account: str) -> Generator[None]:
        """Count the calling task, in the block, as a message of the account that leaves."""
        self._leaving[account] = cast("asyncio.Task[None]", asyncio.current_task())
        try:
            yield
        finally:
            del self._leaving[account]

    def written(self, accounts: Collection[str]) -> None:
        """Hear that PostgreSQL has taken how these accounts' last ones ended."""
        for account in accounts:
            del self.ended[account]
        self._written.set()

    async def let_leave(self, account: str | None) -> None:
        """Wait, but not for long, until what is leaving of an account (None: of any) has left.

        What other nodes are sending has to be written too: only PostgreSQL tells of it.
        """
        leaving = [send for each, send in self._leaving.items() if account in {None, each}]
        if leaving:
            await asyncio.wait(leaving, timeout=FINISH_SECONDS)
        if self._has_others:
            with contextlib.suppress(TimeoutError):
                await within(FINISH_SECONDS, self._left_elsewhere(account))

    async def let_be_written(self, account: str) -> None:
        """Wait, but not for long, until what is leaving of an account has left, and is written."""
        await self.let_leave(account)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FINISH_SECONDS):
                while account in self.ended:
                    self._written.clear()
                    await self._written.wait()

    async def _left_elsewhere(self, account: str | None) -> None:
        while await self._is_leaving_elsewhere(account):  # noqa: ASYNC110 - PostgreSQL is asked
            await asyncio.sleep(LOOK_SECONDS)

    async def _is_leaving_elsewhere(self, account: str | None) -> bool:
        async with self._database.connection() as connection:
            return await deliveries.is_leaving_elsewhere(connection, self._membership.node, account)
