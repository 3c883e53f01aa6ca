"""A process known by its pidfd: no signal can reach another one, and its end is a fact."""

import asyncio
import os
import signal
from contextlib import suppress
from pathlib import Path


class Process:
    """A process to wait for (`gone`) and to signal; owns `pidfd`."""

    def __init__(self, pid: int, pidfd: int) -> None:
        self.pid = pid
        self._pidfd = pidfd
        self._loop = asyncio.get_running_loop()
        self.gone: asyncio.Future[None] = self._loop.create_future()
        self._loop.add_reader(pidfd, self._end)

    def memory_bytes(self) -> int:
        """Tell how much memory it has for itself, about; 0 when it has ended."""
        try:
            _, resident, shared, *_ = Path(f"/proc/{self.pid}/statm").read_text().split()
        except OSError:
            return 0
        return (int(resident) - int(shared)) * os.sysconf("SC_PAGE_SIZE")

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, unless it has ended."""
        if not self.gone.done():
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._pidfd, number)

    async def end(self, *patience: tuple[float, signal.Signals]) -> None:
        """Wait so many seconds for it to end by itself, then send the signal; and so on."""
        for seconds, number in patience:
            await asyncio.wait([self.gone], timeout=seconds)
            self.send(number)
        await asyncio.wait([self.gone])

    def _end(self) -> None:
        self._loop.remove_reader(self._pidfd)
        os.close(self._pidfd)
        self.gone.set_result(None)
