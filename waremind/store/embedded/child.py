"""PostgreSQL's programs as our children: they end when we do, and what they print is read."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Self, TypeAlias, cast

from waremind.process import Process
from waremind.store.embedded.identity import Identity

LAUNCH = Path(__file__).with_name("launch.py")
# Nothing of ours: it may name a database's password, and PG… variables would steer PostgreSQL.
ENVIRONMENT = {"LC_ALL": "C", "PATH": os.defpath}
LINE_LIMIT_BYTES = 65_536
# Orphaned backends hold the output open; they see within milliseconds that their parent is gone.
LAST_WORDS_SECONDS = 1.0

Log: TypeAlias = Callable[[str], None]


class Child(Process):
    """A program that we started; `lines` are the last ones that it printed."""

    def __init__(self, popen: subprocess.Popen[bytes], log: Log) -> None:
        super().__init__(popen.pid, os.pidfd_open(popen.pid))
        self._popen = popen
        self._output = _Output(cast("IO[bytes]", popen.stdout), log)

    @classmethod
    def launch(
        cls,
        command: Sequence[str],
        identity: Identity,
        directory: Path,
        *,
        log: Log,
        stdin: bytes = b"",
    ) -> Self:
        """Start `command` in `directory`; call it in the main thread, with a loop running.

        The kernel ends the child when the *thread* that started it ends.
        """
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("cannot start PostgreSQL outside the main thread")
        shim = [sys.executable, "-I", "-S", str(LAUNCH), str(os.getpid()), identity.word]
        with _file_of(stdin) as file:
            popen = subprocess.Popen(  # noqa: S603  # the programs are the operator's choice
                [*shim, str(directory), *command],
                stdin=file,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=ENVIRONMENT,
                cwd="/",
                start_new_session=True,
            )
        return cls(popen, log)

    @property
    def lines(self) -> Sequence[str]:
        """The last lines that it printed."""
        return tuple(self._output.last)

    async def closed(self) -> int:
        """Wait until it is gone and read out; returns its exit status, negative for a signal."""
        await self.exited()
        await asyncio.wait({self._output.ended}, timeout=LAST_WORDS_SECONDS)
        self._output.close()
        return self._popen.wait()

    async def stop(self, patience_seconds: float) -> None:
        """End it, each signal `patience_seconds` after the one before, and read it out."""
        if await self.end(*ending(patience_seconds), within_seconds=patience_seconds):
            await self.closed()


def ending(patience_seconds: float) -> Sequence[tuple[float, signal.Signals]]:
    """List the steps that end a process of PostgreSQL's, for `Process.end`.

    They are its fast shutdown, its immediate one, and the kernel's; never SIGTERM, which waits
    until the last client has gone.
    """
    return (
        (0, signal.SIGINT),
        (patience_seconds, signal.SIGQUIT),
        (patience_seconds, signal.SIGKILL),
    )


def _file_of(content: bytes) -> IO[bytes]:
    file = os.fdopen(os.memfd_create("stdin"), "w+b")
    file.write(content)
    file.seek(0)
    return file


class _Output:
    """Cuts a pipe's bytes into lines, hands each to `log` and keeps the last ones."""

    def __init__(self, pipe: IO[bytes], log: Log) -> None:
        loop = asyncio.get_running_loop()
        self.last = deque[str](maxlen=20)
        self.ended = loop.create_future()
        self._pipe = pipe
        self._log = log
        self._rest = b""
        os.set_blocking(pipe.fileno(), False)
        loop.add_reader(pipe, self._read)

    def close(self) -> None:
        """Read no more."""
        if not self.ended.done():
            asyncio.get_running_loop().remove_reader(self._pipe)
            self._pipe.close()
            self.ended.set_result(None)

    def _read(self) -> None:
        data = os.read(self._pipe.fileno(), LINE_LIMIT_BYTES)
        *lines, rest = (self._rest + data).split(b"\n")
        for line in lines if data else filter(None, [rest]):
            self._take(line)
        self._rest = rest[-LINE_LIMIT_BYTES:]
        if not data:
            self.close()

    def _take(self, line: bytes) -> None:
        text = line.decode(errors="replace")
        self.last.append(text)
        self._log(text)
