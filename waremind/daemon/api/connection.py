"""Lines from and to one client: bounded in bytes, in time, and by its end."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterable, Awaitable
from contextlib import suppress
from typing import TypeVar

from waremind import protocol
from waremind.daemon.api.admission import Seat
from waremind.daemon.api.hangups import Hangups
from waremind.daemon.system.logs import retry
from waremind.errors import WaremindError

T = TypeVar("T")

log = logging.getLogger(__name__)

READ_BYTES = 1 << 16  # at once; what is longer is charged to its share
LINE_SECONDS = 10.0  # from the first byte of a line to its end
UNREAD_SECONDS = 30.0  # with a client that reads nothing
ROOM_SECONDS = 10.0  # with one that is to be told that it reads too slowly


class HungUpError(ConnectionError):
    """The client is gone: nobody waits for this any more."""


async def unless_gone(gone: asyncio.Future[None], work: Awaitable[T]) -> T:
    """Wait for `work`; once `gone` is done it is cancelled. Raises HungUpError then."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait((task, gone), return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise HungUpError
        return task.result()
    finally:
        task.cancel()


class Connection:
    """One client's socket. asyncio's transports would buffer what is not read and not asked for."""

    def __init__(self, client: socket.socket, seat: Seat, hangups: Hangups) -> None:
        self._socket = client
        self._seat = seat
        self._hangups = hangups
        self._loop = asyncio.get_running_loop()
        self._buffer = bytearray()
        self._writing = asyncio.Lock()
        self.gone: asyncio.Future[None] = self._loop.create_future()
        hangups.watch(client, self._hang_up)

    def close(self) -> None:
        """Hang up; to be called when nothing is read or written any more."""
        self._hang_up()
        self._hangups.unwatch(self._socket)
        self._socket.close()

    def _hang_up(self) -> None:
        """Take note that the client is gone, or is to go: whoever reads from it sees the end."""
        if not self.gone.done():
            self.gone.set_result(None)
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def require_client(self) -> None:
        """Raise HungUpError when the client is gone, also in this very moment."""
        self._hangups.look()
        if self.gone.done():
            raise HungUpError

    async def unless_gone(self, work: Awaitable[T]) -> T:
        """Wait for `work`; when the client is gone it is cancelled. Raises HungUpError."""
        return await unless_gone(self.gone, work)

    async def read_line(self) -> bytes | None:
        """Read a line; None at the end. It may be idle as long as it likes between two of them.

        Raises BadCallError for one that is too long, or for which there is no room, once it is read
        away; TimeoutError for one that is not finished in time.
        """
        if not self._buffer and not await self._more():
            return None
        async with asyncio.timeout(LINE_SECONDS):
            return await self._rest_of_line()

    async def _rest_of_line(self) -> bytes | None:
        searched = 0
        while (end := self._buffer.find(b"\n", searched)) < 0:
            searched = len(self._buffer)
            if searched >= protocol.MAX_LINE:
                break
            await self._hold(max(0, searched - READ_BYTES))
            if not await self._more():
                partial = bytes(self._buffer)
                self._buffer.clear()
                return partial
        if not 0 <= end < protocol.MAX_LINE:
            await self._read_away()
            raise protocol.too_long()
        line = bytes(self._buffer[: end + 1])
        del self._buffer[: end + 1]
        self._seat.hold(max(0, len(line) - READ_BYTES))
        return line

    async def _hold(self, size: int) -> None:
        try:
            self._seat.hold(size)
        except WaremindError as busy:
            await self._read_away()
            raise protocol.BadCallError(None, protocol.FAILED, busy) from None

    async def _more(self) -> bool:
        """Read what has come; False at the end."""
        chunk = await self._loop.sock_recv(self._socket, READ_BYTES)
        self._buffer += chunk
        return bool(chunk)

    async def _read_away(self) -> None:
        """Drop everything up to the end of the line."""
        while (end := self._buffer.find(b"\n")) < 0:
            self._buffer.clear()
            if not await self._more():
                return
        del self._buffer[: end + 1]
        self._seat.hold(0)

    async def has_room(self, patience_seconds: float = ROOM_SECONDS) -> bool:
        """Wait until the client has read enough for more; False when it does not.

        Then there is still room for a last short line.
        """
        async with self._writing:
            has_room = asyncio.Event()
            self._loop.add_writer(self._socket, has_room.set)
            try:
                async with asyncio.timeout(patience_seconds):
                    await has_room.wait()
            except TimeoutError:
                return False
            finally:
                self._loop.remove_writer(self._socket)
            return True

    async def write(self, *pieces: bytes) -> None:
        """Write what belongs together. Raises HungUpError."""
        async with self._writing:
            for piece in pieces:
                await self._send(piece)

    async def write_all(self, pieces: AsyncIterable[bytes]) -> None:
        """Write what belongs together, as fast as it is read. Raises HungUpError, and what they do.

        Once it has begun, what fails ends the connection: half an answer is none.
        """
        async with self._writing:
            has_begun = False
            try:
                async for piece in pieces:
                    await self._send(piece)
                    has_begun = True
            except BaseException:
                if has_begun:
                    self._hang_up()
                raise

    async def _send(self, piece: bytes) -> None:
        try:
            async with asyncio.timeout(UNREAD_SECONDS):
                await self._loop.sock_sendall(self._socket, piece)
        except TimeoutError:
            retry(log, "client reads nothing", uid=self._seat.uid)
            self._hang_up()
            raise HungUpError from None
        except OSError:
            self._hang_up()
            raise HungUpError from None
