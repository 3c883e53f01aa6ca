"""A program of the operator's, run beside: bounded in time and output, and its end logged."""

import asyncio
import os
import signal
from asyncio.subprocess import Process
from collections.abc import Sequence
from contextlib import suppress

from waremind.environment import passed_on

RUN_SECONDS = 30.0
OUTPUT_BYTES = 4096  # what it says beyond is not read: it is told so by SIGPIPE


async def run_program(command: Sequence[str], told: bytes, seconds: float = RUN_SECONDS) -> str:
    """Run a program that reads `told`; returns why it failed, with what it said, or nothing.

    It has the environment that all processes of ours have. Whatever it has started goes with it,
    also when nobody waits for it any more.
    """
    read_end, write_end = os.pipe()
    output = _Output(read_end)
    starting = asyncio.ensure_future(_start(command, told, write_end))
    try:
        async with asyncio.timeout(seconds):
            process = await asyncio.shield(starting)
            await process.wait()
    except TimeoutError:
        return f"it did not end within {seconds:g} s{output.said}"
    except (OSError, ValueError) as error:
        return f"it cannot be started: {error}"
    finally:
        await _end(starting)
        output.close()
    return f"it ended with {process.returncode}{output.said}" if process.returncode else ""


async def _start(command: Sequence[str], told: bytes, write_end: int) -> Process:
    # A pipe of asyncio's would be waited for as the process is, and others may hold it open.
    with os.fdopen(write_end, "wb") as said, os.fdopen(os.memfd_create("told"), "w+b") as words:
        words.write(told)
        words.seek(0)
        return await asyncio.create_subprocess_exec(
            *command,
            stdin=words,
            stdout=said,
            stderr=said,
            env=passed_on(),
            cwd="/",
            start_new_session=True,
        )


async def _end(starting: asyncio.Future[Process]) -> None:
    with suppress(OSError, ValueError):
        process = await starting
        # The number of a group is not given to another one while somebody is in it.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


class _Output:
    """Reads the first words that come out of a pipe, and closes it."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._read = b""
        self._is_open = True
        os.set_blocking(descriptor, False)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(descriptor, self._take)

    @property
    def said(self) -> str:
        """What was said, after a colon."""
        if self._is_open:
            self._take()
        text = self._read.decode(errors="replace").strip()
        return f": {text}" if text else ""

    def _take(self) -> None:
        with suppress(BlockingIOError):
            chunk = os.read(self._descriptor, OUTPUT_BYTES - len(self._read))
            self._read += chunk
            if not chunk or len(self._read) >= OUTPUT_BYTES:
                self.close()

    def close(self) -> None:
        """Read no more."""
        if self._is_open:
            self._is_open = False
            self._loop.remove_reader(self._descriptor)
            os.close(self._descriptor)
