"""A pool of threads that read lines: the one that has read a line answers it, the next reads on."""

import os
import threading
from collections.abc import Callable
from typing import BinaryIO, NoReturn


class ReaderPool:
    """Answers lines concurrently; there is always a thread that reads the next.

    Leaders and followers (Schmidt and others, 2000): to hand a line to another thread would cost
    more than all else that is done for it here.
    """

    def __init__(self, lines: BinaryIO, answer: Callable[[bytes], None]) -> None:
        self._lines = lines
        self._answer = answer
        self._reading = threading.Lock()
        self._counting = threading.Lock()
        self._idle = 0  # reading, or next to read

    def run(self) -> NoReturn:
        """Read and answer until the lines end, and this process with them."""
        while line := self._next():
            self._answer(line)
        os._exit(0)

    def _next(self) -> bytes:
        self._count(1)
        with self._reading:
            line = self._line()
            if self._count(-1) == 0:
                threading.Thread(target=self.run, daemon=True).start()
        return line

    def _line(self) -> bytes:
        try:
            return self._lines.readline()
        except ConnectionResetError:  # the other end was closed before it had read what we said
            return b""

    def _count(self, change: int) -> int:
        with self._counting:
            self._idle += change
            return self._idle
