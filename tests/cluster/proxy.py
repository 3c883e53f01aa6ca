"""The way from a node to PostgreSQL: it can be stopped in each direction, and lead elsewhere."""

from __future__ import annotations

import contextlib
import socket
import threading

from cables import Direction


class Proxy:
    """Passes on what is sent to `port`; what is stopped is kept, as packets are that get lost."""

    host = "127.0.0.1"

    def __init__(self, target: int, host: str = host) -> None:
        self.target = target
        self._target_host = host
        self._open = {"there": threading.Event(), "back": threading.Event()}
        self._sockets: set[socket.socket] = set()
        self._listener = socket.create_server((self.host, 0))
        self.port: int = self._listener.getsockname()[1]
        self.heal()
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self, *directions: Direction) -> None:
        """Let nothing through any more."""
        for each in directions:
            self._open[each].clear()

    def heal(self) -> None:
        """Let all through again."""
        for each in self._open.values():
            each.set()

    def lead_to(self, port: int) -> None:
        """Lead new connections elsewhere, and cut all that there are."""
        self.target = port
        for each in list(self._sockets):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """End it."""
        self._listener.close()
        self.lead_to(0)
        self.heal()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                ours, _ = self._listener.accept()
                try:
                    theirs = socket.create_connection((self._target_host, self.target))
                except OSError:
                    ours.close()
                    continue
                for one, other, way in ((ours, theirs, "there"), (theirs, ours, "back")):
                    self._sockets.add(one)
                    threading.Thread(target=self._pass, args=(one, other, way), daemon=True).start()

    def _pass(self, source: socket.socket, to: socket.socket, way: str) -> None:
        with contextlib.suppress(OSError):
            while said := source.recv(65536):
                self._open[way].wait()
                to.sendall(said)
        self._open[way].wait()  # nobody hears of an end either
        with contextlib.suppress(OSError):
            to.shutdown(socket.SHUT_RDWR)
        self._sockets.discard(source)
        source.close()
