"""A program of the operator's, run beside: bounded in time and output, and its end logged."""

import asyncio
import os
import signal
from collections.abc import Sequence
from contextlib import suppress

from waremind.environment import passed_on

RUN_SECONDS = 30.0
OUTPUT_BYTES = 4096  # what it says beyond is not read: it is told so by SIGPIPE


async def run_program(command: Sequence[str], told: bytes, seconds: float = RUN_SECONDS) -> str:
    """Run a program that reads `told`; returns why it failed, with what it said, or nothing.

    It has the environment that all processes of ours have. Whatever it has started goes with it.
    """
    read_end, write_end = os.pipe()
    output = _Output(read_end)
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=write_end,
            stderr=write_end,
            env=passed_on(),
            cwd="/",
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        output.close()
        return f"it cannot be started: {error}"
    finally:
        os.close(write_end)
    try:
        async with asyncio.timeout(seconds):
            await process.communicate(told)
    except TimeoutError:
        return f"it did not end within {seconds:g} s{output.said}"
    finally:
        # The number of a group is not given to another one while somebody is in it.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        output.close()
        await process.wait()
    return f"it ended with {process.returncode}{output.said}" if process.returncode else ""


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
