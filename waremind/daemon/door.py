"""The listening socket's end: takes connections in, and loses none that it has taken."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable, Generator

from waremind.daemon.logs import event

log = logging.getLogger(__name__)

# When the process can open no more files, others may close theirs.
PAUSE_SECONDS = 1.0


class Door:
    """Gives each connection to `enter` in the very moment that it is accepted.

    asyncio's own servers let some turns of the loop pass in between, and drop who has come just
    before they close: under systemd's socket that is a call lost in a restart.
    """

    def __init__(self, listener: socket.socket, enter: Callable[[socket.socket], None]) -> None:
        self._listener = listener
        self._enter = enter
        self._loop = asyncio.get_running_loop()
        self._pause: asyncio.TimerHandle | None = None

    @contextlib.contextmanager
    def open(self) -> Generator[None]:
        """Accept inside of the `with`; then the rest stays in the kernel's queue."""
        self._begin()
        try:
            yield
        finally:
            if self._pause:
                self._pause.cancel()
            self._loop.remove_reader(self._listener)
            self._listener.close()

    def _begin(self) -> None:
        self._loop.add_reader(self._listener, self._accept)

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return
        except OSError as error:
            event(log, "cannot accept", logging.ERROR, reason=error.strerror)
            self._loop.remove_reader(self._listener)
            self._pause = self._loop.call_later(PAUSE_SECONDS, self._begin)
            return
        connection.setblocking(False)
        self._enter(connection)
