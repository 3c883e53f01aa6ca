"""The parent's end of a child's socketpair: asks, hears, and closes at the first rubbish."""

import asyncio
from collections.abc import Callable
from itertools import count
from typing import TypeVar

import msgspec

from waremind.errors import WaremindError
from waremind.whatsapp.reports import AnyReport, Report
from waremind.whatsapp.requests import (
    LINE_BYTES,
    Answer,
    Asked,
    Done,
    Failed,
    Request,
    Said,
    line,
    read_said,
)

T = TypeVar("T")


class ChannelClosed(Exception):  # noqa: N818 - a state of affairs, not a mistake
    """The child is gone; `asked` says whether the request had been written before."""

    def __init__(self, *, asked: bool) -> None:
        super().__init__("the session has ended")
        self.asked = asked


class _Asking:
    """A request that waits for its answers."""

    def __init__(self) -> None:
        self.answers: list[msgspec.Raw] = []
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()


class Channel(asyncio.Protocol):
    """Lines to and from one child. `broken` says what was wrong with what it said."""

    def __init__(self, hear: Callable[[AnyReport], None]) -> None:
        self._hear = hear
        self._partial = b""
        self._ids = count(1)
        self._asking: dict[int, _Asking] = {}
        self._transport: asyncio.WriteTransport | None = None
        self.broken = ""
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def ask(self, request: Request, read: Callable[[bytes], T], seconds: float) -> list[T]:
        """Ask the child and wait for all answers.

        Raises ChannelClosed, TimeoutError, or the WaremindError that the child failed with.
        """
        if self._transport is None:
            raise ChannelClosed(asked=False)
        asked = Asked(next(self._ids), request)
        asking = self._asking[asked.id] = _Asking()
        self._transport.write(line(asked))
        try:
            async with asyncio.timeout(seconds):
                await asking.done
        finally:
            del self._asking[asked.id]
        return [read(raw) for raw in asking.answers]

    def close(self) -> None:
        """Close our end: the child reads an end of file and leaves."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the socketpair into use."""
        assert isinstance(transport, asyncio.WriteTransport)  # noqa: S101 - says so to the types
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Hear all whole lines; keep the rest."""
        *lines, self._partial = (self._partial + data).split(b"\n")
        if max(map(len, (*lines, self._partial))) > LINE_BYTES:
            self._break(f"a line of more than {LINE_BYTES} bytes")
            return
        for text in lines:
            try:
                self._take(read_said(text))
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                self._break(f"a line that makes no sense ({error})")
                return

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Fail everything that waits."""
        self._transport = None
        for asking in self._asking.values():
            if not asking.done.done():
                asking.done.set_exception(ChannelClosed(asked=True))
        self.closed.set_result(None)

    def _break(self, reason: str) -> None:
        self.broken = reason
        self.close()

    def _take(self, said: Said) -> None:
        if isinstance(said, Report):
            self._hear(said)
        elif asking := self._asking.get(said.id):
            _settle(asking, said)


def _settle(asking: _Asking, said: Answer | Done | Failed) -> None:
    if asking.done.done():
        return
    match said:
        case Answer():
            asking.answers.append(said.result)
        case Done():
            asking.done.set_result(None)
        case Failed():
            asking.done.set_exception(WaremindError(said.code, said.message))
