"""A process known by its pidfd: no signal can reach another one, and its end is a fact."""

import asyncio
import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import Self


class Process:
    """A process to signal and to wait for: `gone` is done when it has exited. Owns `pidfd`."""

    def __init__(self, pid: int, pidfd: int) -> None:
        self.pid = pid
        self._pidfd = pidfd
        self._loop = asyncio.get_running_loop()
        self.gone: asyncio.Future[None] = self._loop.create_future()
        self._loop.add_reader(pidfd, self._close)

    @classmethod
    def of(cls, pid: int) -> Self:
        """Watch the process that has this pid now; raises ProcessLookupError when none has."""
        return cls(pid, os.pidfd_open(pid))

    @property
    def memory_bytes(self) -> int:
        """How much memory it has for itself, about; 0 when it has exited."""
        try:
            _, resident, shared, *_ = Path(f"/proc/{self.pid}/statm").read_text().split()
        except OSError:
            return 0
        return (int(resident) - int(shared)) * os.sysconf("SC_PAGE_SIZE")

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, unless it has exited."""
        if not self.gone.done():
            with suppress(ProcessLookupError):  # it has, and the loop has not said so yet
                signal.pidfd_send_signal(self._pidfd, number)

    async def exited(self, within_seconds: float | None = None) -> bool:
        """Wait for its exit; returns False when it is still there after `within_seconds`."""
        await asyncio.wait([self.gone], timeout=within_seconds)
        return self.gone.done()

    async def end(
        self, *steps: tuple[float, signal.Signals], within_seconds: float | None = None
    ) -> bool:
        """Give it so many seconds to exit by itself before it gets the signal, step by step.

        Returns False when it is still there `within_seconds` after the last signal.
        """
        for seconds, number in steps:
            if await self.exited(seconds):
                return True
            self.send(number)
        return await self.exited(within_seconds)

    def _close(self) -> None:
        self._loop.remove_reader(self._pidfd)
        os.close(self._pidfd)
        self.gone.set_result(None)
