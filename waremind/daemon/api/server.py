"""The server of the socket: many clients at once, none of which can disturb another."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncGenerator, Callable, Generator
from typing import cast

from waremind import protocol
from waremind.daemon.api.handlers import HANDLERS
from waremind.daemon.services import Services
from waremind.daemon.system.caller import Caller, operator_at
from waremind.daemon.system.logs import retry
from waremind.errors import ErrorCode, WaremindError
from waremind.objects import Operator

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


log = logging.getLogger(__name__)

CALLS_AT_ONCE = 16  # of one client; further ones wait in its socket
UNREAD_BYTES = 16 * 1024 * 1024  # a client that leaves more unread is hung up on
LAST_CALL_SECONDS = 1.0  # for who is waiting when the daemon stops
PATIENCE_SECONDS = 30.0  # with a client that reads nothing


class Server:
    """Answers the clients of one listening socket."""

    def __init__(self, services: Services) -> None:
        self._services = services
        # A connection that is about to be read has no Client yet.
        self._clients: dict[asyncio.Task[None], Client | None] = {}

    @contextlib.asynccontextmanager
    async def listening(self, listener: socket.socket) -> AsyncGenerator[None]:
        """Accept clients inside of the `async with`; at its end all are hung up on."""
        try:
            with Acceptor(listener, self._enter).open():
                yield
        finally:
            await self._last_call()

    async def _last_call(self) -> None:
        """Hang up on all; who has come and is not answered yet gets a moment more."""
        clients = self._clients.items()
        waiting = [task for task, client in clients if client is None or client.is_waiting]
        for task in self._clients.keys() - waiting:
            task.cancel()
        if waiting:
            await asyncio.wait(waiting, timeout=LAST_CALL_SECONDS)
        for task in self._clients:
            task.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)

    def _enter(self, connection: socket.socket) -> None:
        self._clients[asyncio.create_task(self._serve(connection))] = None

    async def _serve(self, connection: socket.socket) -> None:
        task = cast("asyncio.Task[None]", asyncio.current_task())
        reader, writer = await asyncio.open_unix_connection(
            sock=connection, limit=protocol.MAX_LINE
        )
        client = self._clients[task] = Client(self._services, reader, writer)
        try:
            await client.run()
        except (OSError, asyncio.CancelledError):
            pass  # gone, or we are stopping
        except Exception:
            log.exception("a bug")
        finally:
            del self._clients[task]
            writer.transport.abort() if task.cancelling() else writer.close()


class Client:
    """One connection; its requests are answered side by side."""

    def __init__(
        self, services: Services, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._services = services
        self._reader = reader
        self._writer = writer
        self._operator: Operator = operator_at(writer.get_extra_info("socket"))
        self._slots = asyncio.Semaphore(CALLS_AT_ONCE)
        self._has_asked = False
        self._unanswered = 0

    @property
    def is_waiting(self) -> bool:
        """Whether an answer is under way, or the first request: nobody connects to say nothing."""
        return self._unanswered > 0 or not self._has_asked

    async def run(self) -> None:
        """Read requests until the client has said its last one, and answer them all."""
        async with asyncio.TaskGroup() as calls:
            while True:
                try:
                    line = await self._read_line()
                    if line is None:
                        return
                    self._has_asked = True
                    call = protocol.decode_call(line)
                except protocol.BadCallError as bad:
                    await self._write(protocol.encode_error(bad.id, bad.code, bad.failure))
                    continue
                except ConnectionError:  # it is gone: what it asked for goes on
                    return
                self._unanswered += 1
                await self._slots.acquire()
                calls.create_task(self._answer(call))

    async def _read_line(self) -> bytes | None:
        """Read a line; None at the end. One that is too long is read away, and refused."""
        try:
            return await self._reader.readuntil(b"\n")
        except asyncio.IncompleteReadError as end:
            return end.partial or None
        except asyncio.LimitOverrunError as overrun:
            await self._read_away(overrun.consumed)
            raise protocol.too_long() from None

    async def _read_away(self, consumed: int) -> None:
        while True:
            await self._reader.readexactly(consumed)
            try:
                await self._reader.readuntil(b"\n")
            except asyncio.LimitOverrunError as overrun:
                consumed = overrun.consumed
            except asyncio.IncompleteReadError:
                return
            else:
                return

    async def _answer(self, call: protocol.Call) -> None:
        def emit(what: object) -> None:
            self._put(protocol.encode_event(call.id, call.request.method, what))

        try:
            caller = Caller(self._operator, emit)
            result = await HANDLERS[type(call.request)](self._services, caller, call.request)
            line = protocol.encode_result(call.id, result)
        except WaremindError as failure:
            line = protocol.encode_error(call.id, protocol.FAILED, failure)
        except Exception as error:
            log.exception("a bug", extra={"fields": {"method": call.request.method}})
            message = f"cannot answer {call.request.method}: {type(error).__name__}"
            failure = WaremindError(ErrorCode.INTERNAL, message)
            line = protocol.encode_error(call.id, protocol.FAILED, failure)
        finally:
            self._slots.release()
        await self._write(line)
        self._unanswered -= 1

    def _put(self, line: bytes) -> None:
        if self._writer.transport.is_closing():  # gone: asyncio would log each further line
            return
        if self._writer.transport.get_write_buffer_size() > UNREAD_BYTES:
            retry(log, "client reads nothing", uid=self._operator.uid)
            self._writer.transport.abort()
        self._writer.write(line)

    async def _write(self, line: bytes) -> None:
        self._put(line)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self._writer.drain()
        except (TimeoutError, OSError):
            self._writer.transport.abort()
