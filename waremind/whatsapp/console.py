"""What children print becomes log records: bounded, and never with a secret in it."""

import asyncio
import logging
import re
from collections.abc import Mapping

log = logging.getLogger(__name__)

LINE_BYTES = 2_000
LINES = 200  # a Go crash prints some hundred
WINDOW_SECONDS = 60.0
PAUSE_SECONDS = 0.1  # for one that prints more, so that reading it costs nothing

NOISE = re.compile(r"Press Ctrl\+C to exit|Login event: |SendMessage: Error sending message:|\s*$")
# A QR's payload, a pairing code, a key in base64 or hexadecimal.
SECRET = re.compile(
    r"linked_devices#|\b2@\S{20}|\b[0-9A-Z]{4}-[0-9A-Z]{4}\b|[A-Za-z0-9+/]{43}=|[0-9A-Fa-f]{64}"
)


class Console(asyncio.Protocol):
    """Reads what one process prints and logs it, each line with the fields of `subject`."""

    def __init__(self, subject: Mapping[str, object]) -> None:
        self._fields = {"fields": subject}
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.ReadTransport | None = None
        self._partial = b""
        self._window_ends = 0.0
        self.closed: asyncio.Future[None] = self._loop.create_future()
        self._lines = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the pipe into use."""
        assert isinstance(transport, asyncio.ReadTransport)  # noqa: S101 - says so to the types
        self._transport = transport

    def close(self) -> None:
        """Stop reading."""
        if self._transport is not None:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        """Log whole lines; of one that does not end, only the beginning is kept."""
        *lines, rest = (self._partial + data).split(b"\n")
        self._partial = rest[:LINE_BYTES]
        for text in lines:
            self._take(text)
        if self._lines > LINES and self._transport is not None:
            self._transport.pause_reading()
            self._loop.call_later(PAUSE_SECONDS, self._transport.resume_reading)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Log what was printed without an end of line, and how much was dropped."""
        self._take(self._partial)
        self._tell_dropped()
        self.closed.set_result(None)

    def _take(self, text: bytes) -> None:
        sentence = text[:LINE_BYTES].decode(errors="replace")
        if NOISE.match(sentence) or SECRET.search(sentence):
            return
        if self._loop.time() >= self._window_ends:
            self._tell_dropped()
            self._window_ends = self._loop.time() + WINDOW_SECONDS
        self._lines += 1
        if self._lines <= LINES:
            log.warning("printed: %s", sentence, extra=self._fields)

    def _tell_dropped(self) -> None:
        if self._lines > LINES:
            log.warning("printed %d lines more", self._lines - LINES, extra=self._fields)
        self._lines = 0
