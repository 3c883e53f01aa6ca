"""A played daemon: speaks the real protocol, answers what a test tells it to, also badly."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Generator
from pathlib import Path
from typing import Any, Self

from waremind import protocol
from waremind.errors import WaremindError
from waremind.requests.core import Request

Answer = Any
"""A result, a WaremindError, raw bytes, or a function of the request that gives one of them, or a
generator that yields events and returns one of them. HANG_UP ends the connection, SILENCE says
nothing."""

HANG_UP = object()
SILENCE = object()


class PlayedDaemon:
    """Listens on `path`; `answers` are by request class, `asked` is what it was asked."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.answers: dict[type[Request[Any]], Answer] = {}
        self.asked: list[Request[Any]] = []
        self._server = _Server(str(path), self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, request: Request[Any]) -> Answer:
        """Find what a test wants to be said."""
        self.asked.append(request)
        answer = self.answers[type(request)]
        return answer(request) if callable(answer) else answer


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True

    def __init__(self, path: str, daemon: PlayedDaemon) -> None:
        self.played = daemon
        super().__init__(path, _Connection)


class _Connection(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        try:
            while line := self.rfile.readline():
                call = protocol.decode_call(line)
                if not self._say(call, self.server.played.answer(call.request)):
                    return
        except (BrokenPipeError, ConnectionResetError):
            pass

    def _say(self, call: protocol.Call, answer: Answer) -> bool:
        if answer is HANG_UP:
            return False
        if isinstance(answer, Generator):
            return self._stream(call, answer)
        if answer is not SILENCE:
            self.wfile.write(_line(call, answer))
        return True

    def _stream(self, call: protocol.Call, events: Generator[Any, None, Answer]) -> bool:
        while True:
            try:
                event = next(events)
            except StopIteration as end:
                return self._say(call, end.value)
            self.wfile.write(protocol.encode_event(call.id, call.request.method, event))


def _line(call: protocol.Call, answer: Answer) -> bytes:
    match answer:
        case bytes():
            return answer
        case WaremindError():
            return protocol.encode_error(call.id, protocol.FAILED, answer)
        case _:
            return protocol.encode_result(call.id, answer)
