"""The parent's end of a child's socketpair: asks, hears, and closes at the first rubbish."""

import asyncio
from collections.abc import Callable
from itertools import count
from typing import Any, Generic, TypeVar

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


class _Asking(Generic[T]):
    """A request that waits for its answers."""

    def __init__(self, read: Callable[[bytes], T]) -> None:
        self._read = read
        self._answers: list[T] = []
        self.answers: asyncio.Future[list[T]] = asyncio.get_running_loop().create_future()

    def take(self, said: Answer | Done | Failed | ChannelClosed) -> None:
        """Take an answer or the end; raises msgspec's errors for an answer that makes no sense."""
        match said:
            case Answer(result=result):
                self._answers.append(self._read(result))
            case _ if self.answers.done():
                pass  # nobody waits any more
            case Done():
                self.answers.set_result(self._answers)
            case Failed(code=code, message=message):
                self.answers.set_exception(WaremindError(code, message))
            case ChannelClosed():
                self.answers.set_exception(said)


class Channel(asyncio.Protocol):
    """Lines to and from one child. `broken` says what was wrong with what it said."""

    def __init__(self, hear: Callable[[AnyReport], None]) -> None:
        self._hear = hear
        self._partial = b""
        self._ids = count(1)
        self._asking: dict[int, _Asking[Any]] = {}
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
        asking = self._asking[asked.id] = _Asking(read)
        self._transport.write(line(asked))
        try:
            async with asyncio.timeout(seconds):
                return await asking.answers
        finally:
            del self._asking[asked.id]

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
            asking.take(ChannelClosed(asked=True))
        self.closed.set_result(None)

    def _break(self, reason: str) -> None:
        self.broken = reason
        self.close()

    def _take(self, said: Said) -> None:
        if isinstance(said, Report):
            self._hear(said)
        elif asking := self._asking.get(said.id):
            asking.take(said)
