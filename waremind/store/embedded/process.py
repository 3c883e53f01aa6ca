"""A process watched through its pidfd: ours or a stranger's, never mistaken for a later one."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Sequence

# PostgreSQL's fast shutdown, then its immediate one, then the kernel's. Never SIGTERM, which
# waits until the last client has gone.
ENDING: Sequence[signal.Signals] = (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL)


class Process:
    """A process that runs, or ran, under `pid`."""

    def __init__(self, pid: int) -> None:
        """Watch `pid`; raises ProcessLookupError when there is none."""
        self.pid = pid
        self._pidfd = os.pidfd_open(pid)
        loop = asyncio.get_running_loop()
        self._gone = loop.create_future()
        loop.add_reader(self._pidfd, self._close)

    @property
    def gone(self) -> bool:
        """Whether the process has exited."""
        return self._gone.done()

    async def exited(self, within_seconds: float | None = None) -> bool:
        """Wait for its exit; False when it is still there after `within_seconds`."""
        await asyncio.wait({self._gone}, timeout=within_seconds)
        return self.gone

    async def end(self, patience_seconds: float) -> None:
        """Send the signals that end PostgreSQL, each `patience_seconds` after the one before."""
        for each in ENDING:
            if self.gone:
                return
            with contextlib.suppress(ProcessLookupError):  # gone, and the loop has not said so yet
                signal.pidfd_send_signal(self._pidfd, each)
            await self.exited(patience_seconds)

    def _close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._pidfd)
        os.close(self._pidfd)
        self._gone.set_result(None)
