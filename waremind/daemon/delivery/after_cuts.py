"""Looks for what was written by a connection that was cut before it could say so."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import NoReturn

from waremind.daemon.system.runtime import Runtime
from waremind.daemon.system.tasks import run_forever, wait_first

RETRY_SECONDS = 1.0  # with a database that is away
# Before each look after a cut: a server may still be at what it was asked for when it is cut off.
PAUSES = tuple(timedelta(seconds=seconds) for seconds in (0, 1, 10, 60))


class AfterCuts:
    """Has `look_again` done after each cut, until the server cannot be at anything any more."""

    def __init__(self, runtime: Runtime, look_again: Callable[[], Awaitable[None]]) -> None:
        self._failures, self._clock = runtime.failures, runtime.clock
        self._look_again = look_again
        self._looks = len(PAUSES)  # since the last cut; there was none yet
        self._cut = asyncio.Event()
        for database in (runtime.database, runtime.readers):  # who asks may command, too
            database.when_cut(self._hear_of_cut)

    def _hear_of_cut(self) -> None:
        self._looks = 0
        self._cut.set()

    async def run(self) -> NoReturn:
        """Look and wait, for ever."""
        await run_forever(
            self._failures,
            "look for what was written",
            self._round,
            self._sleep,
            patience_seconds=RETRY_SECONDS,
        )

    async def _round(self) -> bool:
        if self._looks == len(PAUSES):
            return False
        next_at = self._clock.now() + PAUSES[self._looks]
        await wait_first(self._clock.sleep_until(next_at), self._cut.wait())
        self._cut.clear()
        await self._look_again()
        if not self._cut.is_set():  # else the looks begin anew
            self._looks += 1
        return True

    async def _sleep(self) -> None:
        await self._cut.wait()
