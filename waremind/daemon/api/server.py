"""The server of the socket: many clients at once, none of which can disturb another."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncGenerator, Awaitable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar, cast

from waremind import protocol
from waremind.daemon.api.acceptor import Acceptor
from waremind.daemon.api.admission import Admission, Seat
from waremind.daemon.api.bugs import bug
from waremind.daemon.api.commanded import CommandedAnswers
from waremind.daemon.api.connection import LINE_SECONDS, Connection, HungUpError
from waremind.daemon.api.handlers import HANDLERS, Method
from waremind.daemon.api.hangups import Hangups
from waremind.daemon.api.listing import Listing
from waremind.daemon.api.places import Handler
from waremind.daemon.api.sharing import Shared
from waremind.daemon.rules.queue import asker
from waremind.daemon.services import Services
from waremind.daemon.system.caller import Caller, peer_of
from waremind.daemon.system.logs import event
from waremind.daemon.system.operators import Operators
from waremind.daemon.system.relay import Relay
from waremind.daemon.system.uploads import ConnectionUploads, UploadRoom
from waremind.errors import ErrorCode, WaremindError
from waremind.objects import Operator
from waremind.requests.core import Access, Request, allows

T = TypeVar("T")

log = logging.getLogger(__name__)

CALLS_AT_ONCE = 16  # of one client, also those that wait; further ones wait in its socket
LAST_CALL_SECONDS = 1.0  # for who is waiting when the daemon stops


@dataclass(frozen=True, slots=True)
class Environment:
    """What all clients share."""

    services: Services
    operators: Operators
    shared: Mapping[type[Any], Handler]
    uploads: UploadRoom
    relay: Relay | None  # on a single machine there is none


def shared_answers() -> dict[type[Any], Handler]:
    """Make the answers that all who ask at once share, by request."""
    return {kind: Shared(method.answer) for kind, method in HANDLERS.items() if method.shared}


class Server:
    """Answers the clients of one listening socket; `connections` of them at most."""

    def __init__(self, services: Services, connections: int, relay: Relay | None) -> None:
        uploads = UploadRoom(services.settings.state_dir)
        operators = Operators(services.settings.cluster.name)
        self._environment = Environment(services, operators, shared_answers(), uploads, relay)
        self._admission = Admission(connections)
        self._hangups = Hangups()
        # A connection that is about to be read has no Client yet.
        self._clients: dict[asyncio.Task[None], Client | None] = {}

    @contextlib.asynccontextmanager
    async def listening(self, sockets: Mapping[Access, socket.socket]) -> AsyncGenerator[None]:
        """Accept clients inside of the `async with`; at its end all are hung up on.

        Each socket says what who comes in by it may do.
        """
        try:
            with contextlib.ExitStack() as stack:
                for access, each in sockets.items():
                    stack.enter_context(Acceptor(each, partial(self._enter, access)).open())
                yield
        finally:
            await self._last_call()
            self._hangups.close()

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

    async def relaying(self) -> None:
        """Hear of other nodes, and do what they ask for, until cancelled."""
        environment = self._environment
        if environment.relay:
            answers = CommandedAnswers(environment.services, environment.uploads)
            await environment.relay.run(answers.answer, environment.services.outbox.look_again)

    def _enter(self, access: Access, connection: socket.socket) -> None:
        """Let a connection in, or tell it why not."""
        peer = peer_of(connection)
        try:
            self._refuse_sessions(peer.pid)
            seat = self._admission.enter(peer.uid)
        except WaremindError as refusal:
            with connection, contextlib.suppress(OSError):
                connection.send(protocol.encode_error(None, protocol.FAILED, refusal))
            return
        self._clients[asyncio.create_task(self._serve(connection, seat, access))] = None

    def _refuse_sessions(self, pid: int) -> None:
        """Raise WaremindError `permission_denied` for a process of ours that is nobody's hand."""
        if self._environment.services.accounts.owns_process(pid):
            event(log, "refused a session that asks for something", logging.ERROR, pid=pid)
            message = "cannot ask for anything: a session's process is no operator"
            raise WaremindError(ErrorCode.PERMISSION_DENIED, message)

    async def _serve(self, client_socket: socket.socket, seat: Seat, access: Access) -> None:
        task = cast("asyncio.Task[None]", asyncio.current_task())
        connection = Connection(client_socket, seat, self._hangups)
        client = self._clients[task] = Client(self._environment, connection, seat, access)
        try:
            await client.run()
        except (OSError, asyncio.CancelledError):
            pass  # gone, or we are stopping
        except Exception:
            log.exception("a bug")
        finally:
            del self._clients[task]
            connection.close()
            seat.leave()


class Client:
    """One connection; its requests are answered side by side."""

    def __init__(
        self, environment: Environment, connection: Connection, seat: Seat, access: Access
    ) -> None:
        self._environment = environment
        self._access: Access = access
        self._connection = connection
        self._seat = seat
        self._uploads = ConnectionUploads(environment.uploads, seat.uid)
        self._slots = asyncio.Semaphore(CALLS_AT_ONCE)
        self._has_asked = False
        self._unanswered = 0

    @property
    def is_waiting(self) -> bool:
        """Whether an answer is under way, or the first request: nobody connects to say nothing."""
        return self._unanswered > 0 or not self._has_asked

    async def run(self) -> None:
        """Read requests until the client has said its last one, and answer them all."""
        with contextlib.closing(self._uploads):
            async with asyncio.TaskGroup() as calls:
                try:
                    while line := await self._read():
                        await self._take(calls, line)
                except ConnectionError:
                    return  # it is gone: what it asked for goes on

    async def _read(self) -> bytes | None:
        """Read a line; None at the end, or when it is not finished in time."""
        while True:
            try:
                return await self._connection.read_line()
            except protocol.BadCallError as bad:
                await self._refuse(bad)
            except TimeoutError:
                await self._refuse(protocol.too_slow(LINE_SECONDS))
                return None
            finally:
                self._has_asked = True

    async def _refuse(self, bad: protocol.BadCallError) -> None:
        await self._connection.write(protocol.encode_error(bad.id, bad.code, bad.failure))

    async def _take(self, calls: asyncio.TaskGroup, line: bytes) -> None:
        """Begin to answer a request, as soon as there is room for it."""
        try:
            call = protocol.decode_call(line)
            self._refuse_without_access(call)
            method = HANDLERS[type(call.request)]
            self._unanswered += 1
            await self._slots.acquire()
            await self._begin(call, method.weight)
        except protocol.BadCallError as bad:
            await self._refuse(bad)
        else:
            calls.create_task(self._answer(call, method))

    def _refuse_without_access(self, call: protocol.Call) -> None:
        """Raise BadCallError `permission_denied` for what this socket does not let through."""
        if allows(self._access, call.request.access):
            return
        path = self._environment.services.runtime.current.settings.socket
        message = f"cannot ask for {call.request.method}: this socket only lets look"
        hint = f"become a member of the group of {path}, log in again, and ask there"
        failure = WaremindError(ErrorCode.PERMISSION_DENIED, message, hint=hint)
        raise protocol.BadCallError(call.id, protocol.FAILED, failure)

    async def _begin(self, call: protocol.Call, weight: int) -> None:
        """Take room of the uid's share, also by waiting for it. Raises BadCallError: `busy`."""
        if self._seat.try_begin(weight):
            return
        try:
            await self._connection.unless_gone(self._seat.begin(weight, call.request.method))
        except BaseException as error:
            self._end()
            if isinstance(error, WaremindError):
                raise protocol.BadCallError(call.id, protocol.FAILED, error) from None
            raise

    def _end(self) -> None:
        self._unanswered -= 1
        self._slots.release()

    async def _answer(self, call: protocol.Call, method: Method) -> None:
        """Answer a call; it takes its room until the answer is written."""
        asker.set(self._seat.uid)
        try:
            await self._say(call, method)
        except HungUpError:
            pass  # nobody hears it
        finally:
            self._seat.end(method.weight)
            self._end()

    async def _say(self, call: protocol.Call, method: Method) -> None:
        write = self._connection.write
        try:
            caller = await self._caller(call, method.weight)
            if call.request.access == "read":  # what was commanded is done for who has left, too
                self._connection.require_client()
            result = await self._result(caller, call.request, method)
            if isinstance(result, Listing):
                await self._connection.write_all(result.pieces(call.id))
            else:
                await write(protocol.encode_result(call.id, result))
        except WaremindError as failure:
            await write(protocol.encode_error(call.id, protocol.FAILED, failure))
        except HungUpError:
            raise
        except Exception as error:  # noqa: BLE001 - it is logged, and nothing can end the daemon
            failure = bug(call.request, error)
            await write(protocol.encode_error(call.id, protocol.FAILED, failure))

    async def _result(self, caller: Caller, request: Request[Any], method: Method) -> Any:
        """Answer where the request is to be answered; on a single machine that is here."""
        services, relay = self._environment.services, self._environment.relay
        answer = self._environment.shared.get(type(request), method.answer)
        if relay is None:
            return await answer(services, caller, request)
        return await method.place(relay, answer, services, caller, request)

    async def _caller(self, call: protocol.Call, weight: int) -> Caller:
        """Say who asks; only who acts is named, as a name may take long."""

        async def emit(what: object) -> None:
            event = protocol.encode_event(call.id, call.request.method, what)
            await self._connection.write(event)

        async def wait(work: Awaitable[T]) -> T:
            self._seat.end(weight)
            try:
                return await self._connection.unless_gone(work)
            finally:
                self._seat.resume(weight)

        acts = call.request.access == "operate"
        uid = self._seat.uid
        operator = await self._environment.operators.operator(uid) if acts else Operator(uid, None)
        return Caller(operator, emit, self._connection.has_room, wait, self._uploads)
