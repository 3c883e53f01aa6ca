"""Between the nodes of a cluster: what one asks of another, the answers, and wake-ups.

All of it goes by the database. A node looks there when it is notified, and now and then: what is
notified may get lost. So a notification only makes it soon.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import NamedTuple, NoReturn, TypeVar
from uuid import UUID, uuid4

from waremind.daemon.system.caller import Caller
from waremind.daemon.system.failures import Failures
from waremind.daemon.system.logs import retry
from waremind.daemon.system.membership import Membership
from waremind.daemon.system.tasks import run_forever
from waremind.errors import ErrorCode, WaremindError
from waremind.store import commands as table
from waremind.store.commands import CommandRow, channel_of
from waremind.store.database import Connection, Database, is_unavailable
from waremind.store.notifications import Notifications

T = TypeVar("T")

log = logging.getLogger(__name__)

LOOK_SECONDS = 2.0  # when nothing is notified
RETRY_SECONDS = 1.0  # with a database that is away
BEGIN_SECONDS = 5.0  # for a node to begin with what it is asked to do


class Asked(NamedTuple):
    """What a node is asked to do: the request's line, and a file that belongs to it."""

    line: str
    upload: bytes | None = None


# Tells who asks of an event of the stream.
Emit = Callable[[str], Awaitable[None]]


class NotBegunError(Exception):
    """The node that was asked has not begun, and never will."""


class LostError(Exception):
    """The node that was asked is gone: what it was asked to do may have been done."""


@dataclass(frozen=True, slots=True)
class _Answer:
    text: str


@dataclass(slots=True)
class _SentCommand:
    """A command of ours that another node does: whose it is, and what is heard of it."""

    node: str
    is_written: bool = False
    heard: asyncio.Queue[str | _Answer | WaremindError | LostError] = field(
        default_factory=asyncio.Queue
    )


class Commanded:
    """A command of another node that is being done here: how to answer, and who waits."""

    def __init__(self, relay: "Relay", row: CommandRow) -> None:
        self.row = row
        self._relay = relay
        self._number = 0
        self.gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def emit(self, event: str) -> None:
        """Add an event to the stream, as soon as PostgreSQL takes it."""
        self._number += 1
        while not (  # noqa: ASYNC110 - PostgreSQL is asked
            self.gone.done() or await self._relay.emit(self.row.id, self._number, event)
        ):
            await asyncio.sleep(RETRY_SECONDS)

    def leave_alone(self) -> None:
        """Take note that nobody waits for the answer any more."""
        if not self.gone.done():
            self.gone.set_result(None)


# Does what another node asks for; gives the answer as text.
Do = Callable[[Commanded], Awaitable[str]]


class Relay:
    """What this node asks of the others, and they of it."""

    def __init__(
        self,
        database: Database,
        membership: Membership,
        failures: Failures,
        notifications: Notifications,
    ) -> None:
        self._database = database
        self._membership = membership
        self._failures = failures
        self._notifications = notifications
        self._sent: dict[UUID, _SentCommand] = {}
        self._doing: dict[UUID, Commanded] = {}
        self._wakes: int | None = None
        self._owes_waking = False

    async def wake_others(self, account: str | None) -> None:
        """Have the node of an account, or (None) all, look at what was written, at once or soon."""
        try:
            async with self._database.connection() as connection:
                await table.wake_others(connection, self._membership.node, account)
        except WaremindError as error:
            retry(log, "cannot wake the other nodes", reason=error)
            self._owes_waking = True
        else:
            self._owes_waking = False

    async def ask(self, node: str, caller: Caller, asked: Asked, emit: Emit) -> str:
        """Have another node do something in the caller's name; returns its answer.

        Raises NotBegunError, LostError, and WaremindError.
        """
        command = uuid4()
        sent = self._sent[command] = _SentCommand(node)  # before an answer can come
        try:
            await self._ask(command, node, caller, asked)
            return await self._follow(command, sent, caller, emit)
        except (ConnectionError, LostError):
            async with self._database.connection() as connection:
                await table.abandon(connection, command)
            raise
        finally:
            del self._sent[command]

    async def _ask(self, command: UUID, node: str, caller: Caller, asked: Asked) -> None:
        row = CommandRow(
            id=command,
            asked_by=self._membership.node,
            uid=caller.operator.uid,
            operator=caller.operator.name,
            node=caller.operator.node,
            line=asked.line,
            upload=asked.upload,
        )
        async with self._database.connection() as connection:
            if not await table.ask(connection, row, node, BEGIN_SECONDS):
                raise NotBegunError
        self._sent[command].is_written = True

    async def _follow(self, command: UUID, sent: _SentCommand, caller: Caller, emit: Emit) -> str:
        patience: float | None = BEGIN_SECONDS
        while True:
            try:
                heard = await caller.wait(_within(patience, sent.heard.get()))
            except TimeoutError:
                if await self._withdraw(command):
                    raise NotBegunError from None
                patience = None
                continue
            match heard:
                case _Answer():
                    return heard.text
                case str():
                    await emit(heard)
                case _:
                    raise heard

    async def _withdraw(self, command: UUID) -> bool:
        async with self._database.connection() as connection:
            return await table.withdraw(connection, command)

    async def emit(self, command: UUID, number: int, event: str) -> bool:
        """Add an event to the stream of a command that is done here; False when that cannot be."""
        return await self._written(table.emit, command, number, event)

    # -- what there is for this node

    async def run(self, do: Do, look_again: Callable[[], Awaitable[None]]) -> NoReturn:
        """Hear answers, do commands and look again when woken, for ever."""
        try:
            async with asyncio.TaskGroup() as tasks:

                async def round_() -> bool:
                    await self._look(tasks, do, look_again)
                    return False

                await run_forever(
                    self._failures,
                    "hear of the other nodes",
                    round_,
                    self._wait,
                    patience_seconds=RETRY_SECONDS,
                )
        finally:
            self._tell_all(_stopping())
            await self._notifications.close()
        raise AssertionError

    async def _wait(self) -> None:
        try:
            channel = channel_of(self._membership.node)
            if await self._notifications.wait(channel, LOOK_SECONDS):
                self._wakes = None  # nobody knows what was missed
        except WaremindError:  # to look now and then has to do; who looks notes why it fails
            await asyncio.sleep(LOOK_SECONDS)

    async def _look(
        self, tasks: asyncio.TaskGroup, do: Do, look_again: Callable[[], Awaitable[None]]
    ) -> None:
        async with self._database.connection() as connection:
            wakes = await table.wakes(connection, self._membership.node)
            for row in await table.begin(connection, self._membership.node):
                commanded = self._doing[row.id] = Commanded(self, row)
                tasks.create_task(self._do(do, commanded))
            await table.drop_unheard(connection, self._membership.node, list(self._doing))
            await self._find_abandoned(connection)
            await self._hear(connection)
            await table.expire(connection)
        if self._owes_waking:
            await self.wake_others(None)
        if wakes != self._wakes:
            await look_again()
            self._wakes = wakes

    async def _find_abandoned(self, connection: Connection) -> None:
        if self._doing:
            lost, doing = self._membership.lost_nodes(), dict(self._doing)
            waited_for = await table.waited_for(connection, list(doing))
            for command, commanded in doing.items():
                if command not in waited_for or commanded.row.asked_by in lost:
                    commanded.leave_alone()

    async def _hear(self, connection: Connection) -> None:
        """Hear how what we have asked for stands."""
        if not (sent := dict(self._sent)):
            return
        written = {command for command, each in sent.items() if each.is_written}
        standing = dict(await table.standing(connection, list(sent)))
        for each in await table.read_events(connection, list(sent)):
            sent[each.command].heard.put_nowait(each.event)
        answered = [command for command, answer in standing.items() if answer is not None]
        await table.forget(connection, answered)
        lost = self._membership.lost_nodes()
        for command, each in sent.items():
            if answer := standing.get(command):
                each.heard.put_nowait(_Answer(answer))
            elif (command in written and command not in standing) or each.node in lost:
                each.heard.put_nowait(LostError())

    def _tell_all(self, failure: WaremindError) -> None:
        for each in self._sent.values():
            each.heard.put_nowait(failure)

    async def _do(self, do: Do, commanded: Commanded) -> None:
        command = commanded.row.id
        try:
            answer = await do(commanded)
            while not await self._written(  # noqa: ASYNC110 - PostgreSQL is asked
                table.answer, command, answer
            ):
                await asyncio.sleep(RETRY_SECONDS)
        finally:
            del self._doing[command]

    async def _written(self, write: Callable[..., Awaitable[None]], *values: object) -> bool:
        """Write for another node; False when PostgreSQL cannot take it now."""
        try:
            async with self._database.connection() as connection:
                await write(connection, *values)
        except Exception as error:  # noqa: BLE001 - nothing can end the daemon
            retry(log, "cannot answer another node", reason=repr(error))
            return not is_unavailable(error)
        return True


async def _within(seconds: float | None, work: Awaitable[T]) -> T:
    async with asyncio.timeout(seconds):
        return await work


def _stopping() -> WaremindError:
    message = "cannot wait for the other node: the daemon is stopping"
    return WaremindError(ErrorCode.DAEMON_UNREACHABLE, message, hint="what was asked goes on there")
