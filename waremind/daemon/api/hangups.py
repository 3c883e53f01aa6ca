"""Tells when a client is gone, also while nothing is read from it and nothing written to it."""

import asyncio
import select
import socket
from collections.abc import Callable


class Hangups:
    """Watches connections for their end, and for nothing else.

    A client that has said its last line and waits (`socat`) has closed one direction only. That
    both are closed the kernel says by EPOLLHUP, to whoever watches for no event at all
    (epoll_ctl(2)); asyncio cannot, so that this is an epoll of its own: one descriptor for all.
    """

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._told: dict[int, Callable[[], None]] = {}
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._epoll.fileno(), self.look)

    def watch(self, connection: socket.socket, tell: Callable[[], None]) -> None:
        """Call `tell` once, when the other end is closed."""
        self._told[connection.fileno()] = tell
        self._epoll.register(connection, 0)

    def unwatch(self, connection: socket.socket) -> None:
        """Watch it no longer; to be called before it is closed."""
        if self._told.pop(connection.fileno(), None):
            self._epoll.unregister(connection)

    def close(self) -> None:
        """Watch nothing any more."""
        self._loop.remove_reader(self._epoll.fileno())
        self._epoll.close()

    def look(self) -> None:
        """Tell at once of every end that the loop has not come to yet."""
        for descriptor, _ in self._epoll.poll(0):
            self._epoll.unregister(descriptor)
            self._told.pop(descriptor)()
