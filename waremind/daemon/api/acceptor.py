"""Accepts connections, each in the very moment that it has come."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable, Generator

from waremind.daemon.system.logs import retry

log = logging.getLogger(__name__)

# When the process can open no more files, others may close theirs.
PAUSE_SECONDS = 1.0


class Acceptor:
    """Gives each connection to `enter` in the very moment that it is accepted.

    asyncio's own servers let the loop run some rounds in between, and drop who has come just
    before they close: under systemd's socket that is a call lost in a restart.
    """

    def __init__(
        self, listening_socket: socket.socket, enter: Callable[[socket.socket], None]
    ) -> None:
        self._listening_socket = listening_socket
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
            self._loop.remove_reader(self._listening_socket)
            self._listening_socket.close()

    def _begin(self) -> None:
        self._loop.add_reader(self._listening_socket, self._accept)

    def _accept(self) -> None:
        try:
            connection, _ = self._listening_socket.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return
        except OSError as error:
            retry(log, "cannot accept", logging.ERROR, reason=error.strerror)
            self._loop.remove_reader(self._listening_socket)
            self._pause = self._loop.call_later(PAUSE_SECONDS, self._begin)
            return
        connection.setblocking(False)
        self._enter(connection)
