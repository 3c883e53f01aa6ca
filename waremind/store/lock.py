"""One daemon a database, or one cluster: an advisory lock, held on a connection of its own.

A single daemon has it alone; the nodes of a cluster share it.
"""

import asyncio
import contextlib
import random
from collections.abc import AsyncGenerator, Callable
from typing import LiteralString, NoReturn

import psycopg
from psycopg.sql import SQL

from waremind.errors import ErrorCode, WaremindError
from waremind.store.database import Connection, connect, translated

# Any number will do, so long as nothing else in the database locks it: "waremind" in ASCII.
LOCK = 0x77_61_72_65_6D_69_6E_64
# What is due while the server is away leaves this long after it is back, at most.
RETRY_SECONDS = 0.5
# Another daemon is waited for in the server, which tells us the moment that it has ended.
PATIENCE_SECONDS = 30.0

_HOLDS = """
    SELECT coalesce(nullif(application_name, ''), 'a program without a name'), pid
    FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE locktype = 'advisory' AND granted AND objsubid = 1
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND (classid::bigint << 32 | objid::bigint) = %s
"""
# Whoever asks may be one of those who share it.
_HOLDERS = f"{_HOLDS} ORDER BY pid = pg_backend_pid()"


_IS_WRITABLE = "current_setting('transaction_read_only') = 'off'"


class LockHeldError(WaremindError):
    """Another daemon, which the message names, holds the lock: it may end at any time."""


# Hears why the lock cannot be had for now, and None when it is ours.
Tell = Callable[[WaremindError | None], None]


class DaemonLock:
    """The lock on the database of `dsn`; `held` and `lost` are set in turn.

    With it lost, nothing is claimed or sent: another daemon may hold it. A server that only reads,
    as after a failover to a standby, cannot give it.
    """

    def __init__(self, dsn: str, *, probe_seconds: float = 5.0, shared: bool = False) -> None:
        self.term = 0  # counts how often it was taken: in between, another daemon may have held it
        self.held = asyncio.Event()
        self.lost = asyncio.Event()
        self.lost.set()
        self._dsn = dsn
        self.is_shared = shared
        self._kind: LiteralString = "_shared" if shared else ""
        self._probe_seconds = probe_seconds
        self._connection: Connection | None = None

    async def take(self, *, patience_seconds: float = 3.0, tell: Tell = lambda _why: None) -> None:
        """Take the lock, from a daemon that died just now after it is seen to be dead.

        While another one is waited for, `tell` hears who holds it.

        Raises LockHeldError, or WaremindError `database_unavailable`.
        """
        self._connection = await connect(self._dsn)
        try:
            with translated(self._dsn):
                await self._lock(self._connection, patience_seconds, tell)
                await _refuse_read_only(self._connection)
        except BaseException:
            await self.release()
            raise
        self.term += 1
        self.lost.clear()
        self.held.set()

    async def keep(self, tell: Tell) -> NoReturn:
        """Watch the lock for ever; take it again whenever it is lost."""
        while True:
            await self._watch()
            tell(_lost())
            await self._retake(tell)
            tell(None)

    async def release(self) -> None:
        """Give the lock to whoever comes next."""
        self.held.clear()
        self.lost.set()
        if self._connection:
            await self._connection.close()
            self._connection = None

    @contextlib.asynccontextmanager
    async def alone(self) -> AsyncGenerator[None]:
        """Have a lock that is shared alone for a while.

        Raises LockHeldError when another node has it too.
        """
        connection = self._connection
        if connection is None:
            raise _lost()
        with translated(self._dsn):
            cursor = await connection.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
            if await cursor.fetchone() != (True,):
                raise await _held(connection)
            try:
                yield
            finally:
                if not connection.broken:
                    await connection.execute("SELECT pg_advisory_unlock(%s)", [LOCK])

    async def _lock(self, connection: Connection, patience_seconds: float, tell: Tell) -> None:
        cursor = await connection.execute(
            SQL("SELECT pg_try_advisory_lock{}(%s)").format(SQL(self._kind)), [LOCK]
        )
        if await cursor.fetchone() == (True,):
            return
        tell(await _held(connection))
        patience = f"{max(1, patience_seconds * 1000):.0f}ms"  # 0 would be for ever
        await connection.execute("SELECT set_config('lock_timeout', %s, false)", [patience])
        try:
            await connection.execute(
                SQL("SELECT pg_advisory_lock{}(%s)").format(SQL(self._kind)), [LOCK]
            )
        except psycopg.errors.LockNotAvailable:
            raise await _held(connection) from None

    async def _watch(self) -> None:
        """Return when the lock is lost: its connection is cut, silent, or no longer holds it."""
        connection = self._connection
        with contextlib.suppress(psycopg.Error, TimeoutError):
            while connection and await self._holds(connection):
                # Nothing is ever notified: this ends with the time, or at once with the connection.
                async for _ in connection.notifies(timeout=self._probe_seconds):
                    pass
        await self.release()

    async def _holds(self, connection: Connection) -> bool:
        async with asyncio.timeout(self._probe_seconds):
            held = f"{_HOLDS} AND pid = pg_backend_pid() AND {_IS_WRITABLE}"
            cursor = await connection.execute(held, [LOCK])
            return await cursor.fetchone() is not None

    async def _retake(self, tell: Tell) -> None:
        while not self.held.is_set():
            try:
                await self.take(patience_seconds=PATIENCE_SECONDS, tell=tell)
            except WaremindError as error:
                tell(error)
                await asyncio.sleep(RETRY_SECONDS * random.uniform(0.5, 1.0))  # noqa: S311  # jitter


async def _refuse_read_only(connection: Connection) -> None:
    cursor = await connection.execute(f"SELECT {_IS_WRITABLE}")
    if await cursor.fetchone() == (False,):
        raise psycopg.errors.ReadOnlySqlTransaction("the server can only be read, as a standby")


async def _held(connection: Connection) -> LockHeldError:
    """Say who holds the lock now, and how to have it released."""
    cursor = await connection.execute(_HOLDERS, [LOCK])
    name, pid = await cursor.fetchone() or ("one that has just ended", "PID")
    return LockHeldError(
        ErrorCode.CONFLICT,
        f"cannot use the database: another daemon does ({name})",
        hint="stop that one first, or give this one a database of its own: database.url; what is "
        f"none is ended by: SELECT pg_terminate_backend({pid})",
    )


def _lost() -> WaremindError:
    return WaremindError(
        ErrorCode.CONFLICT,
        "cannot send: the database's lock was lost with its connection",
        hint="wait a moment: it is taken again when the database gives it",
    )
