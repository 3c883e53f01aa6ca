"""The database as everything above sees it: a small pool of connections, whoever runs the server.

A statement outside of `transaction` commits by itself. What the network or the server does to us
is one error, `database_unavailable`; the outcome of a transaction cut off while it committed is
then unknown, and the rows' own guards (revision, session, uniques) make asking again safe. What
somebody else deleted while we were about to refer to it is `not_found`.
"""

import asyncio
import contextlib
import select
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence
from functools import partial
from typing import Any, Self, TypeAlias
from weakref import WeakSet

import msgspec
import psycopg
from psycopg_pool import AsyncConnectionPool

from waremind.errors import ErrorCode, MisconfigurationError, WaremindError
from waremind.store.connector import open_connection
from waremind.store.dsn import complete
from waremind.store.pinned import pin
from waremind.store.pooler import refuse_shared
from waremind.store.refusals import is_the_servers, not_a_server, not_usable

Connection: TypeAlias = psycopg.AsyncConnection[Any]

OLDEST_VERSION = 14
# One that nobody needed for so long is closed, then the next: each takes 4 MB of the server.
IDLE_SECONDS = 10.0
# What the column of a foreign key refers to, and its name ends with: `runs_account_id_fkey`.
REFERRED = {
    "run_id_group_id": "run",  # a delivery, which no list has by itself
    "account_id": "account",
    "asked_by": "node",
    "calendar_id": "calendar",
    "follows": "run",
    "group_id": "group",
    "node_id": "node",
    "placed_on": "node",
    "reminder_id": "reminder",
    "run_id": "run",
}


class Database:
    """A pool of at most `pool_size` connections to the database of `dsn`.

    Raises WaremindError `database_unavailable` wherever the server cannot be reached, also when
    no connection becomes free within `timeout_seconds`. With `idle_seconds` what a transaction
    has locked is free so soon after this process hangs, or is cut off.
    """

    def __init__(
        self,
        dsn: str,
        *,
        pool_size: int = 6,
        timeout_seconds: float = 5.0,
        idle_seconds: float | None = None,
    ) -> None:
        self._dsn = dsn
        self._pool = AsyncConnectionPool[Connection](
            complete(dsn),
            kwargs={"autocommit": True},
            min_size=1,
            max_size=pool_size,
            max_idle=IDLE_SECONDS,
            timeout=timeout_seconds,
            # Its back-off would outlast an outage by as much again; who asks next tries at once.
            reconnect_timeout=timeout_seconds,
            configure=partial(pin, idle_seconds=idle_seconds),
            check=self._check,
            open=False,
        )
        self._first: Callable[[Connection], Awaitable[None]] | None = None
        self._hear_of_cut: Callable[[], None] | None = None
        self._ready: WeakSet[Connection] = WeakSet()

    def begin_with(self, first: Callable[[Connection], Awaitable[None]]) -> None:
        """Have this done on each connection before anything else is: it may be another server."""
        self._first = first

    def when_cut(self, hear: Callable[[], None]) -> None:
        """Have this called whenever a connection is cut while somebody works with it.

        What they asked for may be done, although we could not hear so.
        """
        self._hear_of_cut = hear

    async def __aenter__(self) -> Self:
        """Try the server, in words when it does not do, and open the pool."""
        await (await connect(self._dsn)).close()
        await self._pool.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the pool."""
        await self._pool.close()

    async def _check(self, connection: Connection) -> None:
        """Try a connection before it is lent; a dead one means that the server was restarted."""
        if not _is_readable(connection):
            return
        try:
            await AsyncConnectionPool.check_connection(connection)
        except psycopg.Error:
            # The others are dead too, and to find that out one by one takes the pool seconds.
            await self._pool.drain()
            raise

    @contextlib.asynccontextmanager
    async def connection(self) -> AsyncGenerator[Connection]:
        """Lend a connection; each of its statements commits by itself."""
        with translated(self._dsn):
            cancellations = _cancellations()
            async with self._pool.connection() as connection:
                # Until Python 3.12 wait_for(), by which the pool waits, may swallow one: whoever
                # works in a loop would go on for ever.
                if _cancellations() > cancellations:
                    raise asyncio.CancelledError
                if self._first and connection not in self._ready:
                    await self._first(connection)
                    self._ready.add(connection)
                try:
                    yield connection
                except psycopg.errors.FeatureNotSupported:
                    # What it has prepared does not fit the tables any more: another one will.
                    await connection.close()
                    raise
                except psycopg.Error as error:
                    if self._hear_of_cut and is_the_servers(error):
                        self._hear_of_cut()
                    raise

    @contextlib.asynccontextmanager
    async def transaction(self, *, flushed: bool = True) -> AsyncGenerator[Connection]:
        """Lend a connection for one transaction: all of it, or on an exception nothing.

        One that is not `flushed` ends without waiting for the disk. If the machine fails it may be
        undone, but never while one that was flushed after it is not.
        """
        async with self.connection() as connection, connection.transaction():
            if not flushed:
                await connection.execute("SET LOCAL synchronous_commit = off")
            yield connection

    async def is_silent(self, seconds: float) -> bool:
        """Tell whether the server is there and says nothing for so long, not even a refusal."""
        try:
            async with asyncio.timeout(seconds):
                await (await connect(self._dsn)).close()
        except TimeoutError:
            return True
        except WaremindError as error:
            return isinstance(error.__cause__, psycopg.errors.ConnectionTimeout)
        return False


def _cancellations() -> int:
    """Count how often the running task was asked to end."""
    task = asyncio.current_task()
    return task.cancelling() if task else 0


def _is_readable(connection: Connection) -> bool:
    """Tell whether a connection at rest has something to say: the least, that its server is gone.

    To ask the server itself would cost each statement a second way there and back.
    """
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))


def as_json(rows: Sequence[object]) -> str:
    """Write rows as one parameter, for json_to_recordset and its like; arrays cost far more."""
    return msgspec.json.encode(rows).decode()


async def connect(dsn: str) -> Connection:
    """Open a connection of its own, in autocommit mode, to a server that will do."""
    connection = await open_connection(dsn)
    try:
        await refuse_shared(connection, dsn)
        await pin(connection)
        check_server(
            connection.info.server_version, connection.info.parameter_status("server_encoding")
        )
    except psycopg.Error as error:
        await connection.close()
        raise not_a_server(dsn, error) from error
    except BaseException:
        await connection.close()
        raise
    return connection


@contextlib.asynccontextmanager
async def connected(dsn: str) -> AsyncGenerator[Connection]:
    """Have a connection as `connect` opens it; what fails on it is one of our errors too."""
    with translated(dsn):
        async with await connect(dsn) as connection:
            yield connection


def check_server(version: int, encoding: str | None) -> None:
    """Refuse a server that is too old (`version` as libpq has it, 140005), or not in UTF-8."""
    if version // 10_000 < OLDEST_VERSION:
        raise MisconfigurationError(
            ErrorCode.DATABASE_UNAVAILABLE,
            f"cannot use the database: PostgreSQL {version // 10_000} is too old",
            hint=f"upgrade it to {OLDEST_VERSION} or newer, or leave database.url unset for the "
            "embedded one",
        )
    if encoding != "UTF8":
        raise MisconfigurationError(
            ErrorCode.DATABASE_UNAVAILABLE,
            f"cannot use the database: its encoding is {encoding}",
            hint="create it with: CREATE DATABASE waremind ENCODING 'UTF8' TEMPLATE template0",
        )


@contextlib.contextmanager
def translated(dsn: str) -> Generator[None]:
    """Turn what the driver says into our errors, without secrets.

    They are a server that cannot be used, and a row that refers to one that is deleted.
    """
    try:
        yield
    except psycopg.errors.ForeignKeyViolation as error:
        raise deleted_meanwhile(error) from error
    except psycopg.Error as error:
        if failure := not_usable(dsn, error):
            raise failure from error
        raise


def is_unavailable(error: Exception) -> bool:
    """Tell whether PostgreSQL was out of reach: what could not be written can be written later."""
    return isinstance(error, WaremindError) and error.code is ErrorCode.DATABASE_UNAVAILABLE


def passes(error: Exception) -> bool:
    """Tell whether PostgreSQL may do again without a person's doing."""
    return is_unavailable(error) and not isinstance(error, MisconfigurationError)


def deleted_meanwhile(error: psycopg.errors.ForeignKeyViolation) -> WaremindError:
    """Say that what a new row refers to was there a moment ago, and is no longer."""
    noun = referred_to(error.diag.constraint_name or "")
    what = f"the {noun}" if noun else "what it needs"
    hint = f"waremind {noun} list" if noun else "ask again"
    message = f"cannot go on: {what} was deleted at this moment"
    return WaremindError(ErrorCode.NOT_FOUND, message, hint=hint)


def referred_to(foreign_key: str) -> str | None:
    """Name what a foreign key refers to; None: what has no list of its own."""
    endings = ((f"_{column}_fkey", noun) for column, noun in REFERRED.items())
    return next((noun for ending, noun in endings if foreign_key.endswith(ending)), None)
