"""The parent's end of a child's socketpair: asks, takes reports, closes at the first bad line."""

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from typing import Any, Generic, TypeVar

import msgspec

from waremind.errors import WaremindError
from waremind.whatsapp.child_protocol import (
    LINE_BYTES,
    Answer,
    ChildMessage,
    Done,
    Failed,
    NumberedRequest,
    Request,
    encode_line,
    read_child_message,
)
from waremind.whatsapp.reports import AnyReport, Report

T = TypeVar("T")


class ChannelClosed(Exception):  # noqa: N818 - a state of affairs, not a mistake
    """The child is gone; `asked` says whether the request had been written before."""

    def __init__(self, *, asked: bool) -> None:
        super().__init__("the session has ended")
        self.asked = asked


class _PendingRequest(Generic[T]):
    """A request that waits for its answers."""

    def __init__(self, read: Callable[[bytes], T]) -> None:
        self._read = read
        self._answers: list[T] = []
        self.answers: asyncio.Future[list[T]] = asyncio.get_running_loop().create_future()

    def take(self, message: Answer | Done | Failed | ChannelClosed) -> None:
        """Take an answer or the end; raises msgspec's errors for an answer that makes no sense."""
        match message:
            case Answer(result=result):
                self._answers.append(self._read(result))
            case _ if self.answers.done():
                pass  # nobody waits any more
            case Done():
                self.answers.set_result(self._answers)
            case Failed(code=code, message=sentence):
                self.answers.set_exception(WaremindError(code, sentence))
            case ChannelClosed():
                self.answers.set_exception(message)


class Channel(asyncio.Protocol):
    """Lines to and from one child. `broken` says what was wrong with its lines."""

    def __init__(self, on_report: Callable[[AnyReport], None]) -> None:
        self._on_report = on_report
        self._partial = b""
        self._ids = count(1)
        self._pending: dict[int, _PendingRequest[Any]] = {}
        self._transport: asyncio.WriteTransport | None = None
        self.broken = ""
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def ask(self, request: Request, read: Callable[[bytes], T], seconds: float) -> list[T]:
        """Ask the child and wait for all answers.

        Raises ChannelClosed, TimeoutError, or the WaremindError that the child failed with.
        """
        if self._transport is None:
            raise ChannelClosed(asked=False)
        numbered = NumberedRequest(next(self._ids), request)
        pending = self._pending[numbered.id] = _PendingRequest(read)
        self._transport.write(encode_line(numbered))
        try:
            async with asyncio.timeout(seconds):
                return await pending.answers
        finally:
            del self._pending[numbered.id]

    def close(self) -> None:
        """Close our end: the child reads an end of file and leaves."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the socketpair into use."""
        assert isinstance(transport, asyncio.WriteTransport)  # noqa: S101 - says so to the types
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Report all whole lines; keep the rest."""
        *lines, self._partial = (self._partial + data).split(b"\n")
        if max(map(len, (*lines, self._partial))) > LINE_BYTES:
            self._break(f"a line of more than {LINE_BYTES} bytes")
            return
        for text in lines:
            try:
                self._dispatch(read_child_message(text))
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                self._break(f"a line that makes no sense ({error})")
                return

    def connection_lost(self, exc: Exception | None) -> None:
        """Take a child's last words, and fail everything that waits."""
        if self._transport is not None and isinstance(exc, OSError):
            # Asyncio reads no more once a write has failed; what was said before is still there.
            descriptor = self._transport.get_extra_info("socket").fileno()
            with suppress(OSError):
                while said := os.read(descriptor, LINE_BYTES):
                    self.data_received(said)
        self._transport = None
        for pending in self._pending.values():
            pending.take(ChannelClosed(asked=True))
        self.closed.set_result(None)

    def _break(self, reason: str) -> None:
        self.broken = reason
        self.close()

    def _dispatch(self, message: ChildMessage) -> None:
        if isinstance(message, Report):
            self._on_report(message)
        elif request := self._pending.get(message.id):
            request.take(message)
