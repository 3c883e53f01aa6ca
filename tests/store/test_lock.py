"""One daemon a database: who holds it, who is refused, and what happens when it is lost."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator

import pytest
from postgres_processes import kill, paused
from store.waiting import until_it_waits

from waremind.errors import ErrorCode, WaremindError
from waremind.store.database import Connection, connect
from waremind.store.embedded import EmbeddedPostgres
from waremind.store.lock import LOCK, RETRY_SECONDS, DaemonLock, Tell

# Long enough for a back-off to have become far longer than what is allowed.
AWAY_SECONDS = 6.0


@pytest.fixture
async def lock(empty_dsn: str) -> AsyncIterator[DaemonLock]:
    """Take the lock, and keep it as the daemon does."""
    async with kept(empty_dsn) as taken:
        yield taken


@contextlib.asynccontextmanager
async def kept(dsn: str, tell: Tell = lambda _why: None) -> AsyncIterator[DaemonLock]:
    taken = DaemonLock(dsn, probe_seconds=0.2)
    await taken.take()
    keeping = asyncio.create_task(taken.keep(tell))
    yield taken
    keeping.cancel()
    await asyncio.wait({keeping})
    await taken.release()


async def soon(event: asyncio.Event) -> None:
    """Wait for an event that is not far away."""
    async with asyncio.timeout(20):
        await event.wait()


async def holder(dsn: str) -> int:
    """Find the pid of the backend whose connection holds the lock."""
    async with await connect(dsn) as connection:
        cursor = await connection.execute(
            "SELECT pid FROM pg_locks JOIN pg_database ON pg_database.oid = database"
            " WHERE locktype = 'advisory' AND granted AND datname = current_database()"
        )
        ((pid,),) = await cursor.fetchall()
        return pid


async def test_a_second_daemon_is_refused_with_the_name_of_the_first(
    lock: DaemonLock, empty_dsn: str
) -> None:
    with pytest.raises(WaremindError) as caught:
        await DaemonLock(empty_dsn).take(patience_seconds=0.05)
    assert caught.value.code is ErrorCode.CONFLICT
    assert f":{os.getpid()})" in caught.value.message
    assert "database.url" in caught.value.hint
    assert lock.held.is_set()


async def test_daemons_of_two_databases_do_not_meet(dsn: str, empty_dsn: str) -> None:
    async with kept(dsn) as one, kept(empty_dsn) as other:
        assert one.held.is_set()
        assert other.held.is_set()


async def test_a_daemon_that_is_ending_is_waited_for(lock: DaemonLock, empty_dsn: str) -> None:
    next_one = DaemonLock(empty_dsn)
    taking = asyncio.create_task(next_one.take(patience_seconds=20))
    await waits_for_the_lock(empty_dsn)
    await lock.release()
    await taking
    assert next_one.held.is_set()
    await next_one.release()


async def test_a_lock_whose_connection_is_cut_is_lost_at_once_and_taken_again(
    lock: DaemonLock, empty_dsn: str
) -> None:
    async with await connect(empty_dsn) as connection:
        await connection.execute("SELECT pg_terminate_backend(%s)", [await holder(empty_dsn)])
    await soon(lock.lost)
    assert not lock.held.is_set()
    await soon(lock.held)
    assert not lock.lost.is_set()
    assert await holder(empty_dsn)


async def test_a_lock_whose_server_falls_silent_counts_as_lost(
    lock: DaemonLock, empty_dsn: str
) -> None:
    with paused(await holder(empty_dsn)):
        await soon(lock.lost)
    await soon(lock.held)


async def test_a_lock_that_another_daemon_took_meanwhile_is_taken_when_that_one_ends(
    lock: DaemonLock, empty_dsn: str
) -> None:
    other = DaemonLock(empty_dsn)
    taking = asyncio.create_task(other.take(patience_seconds=20))
    await waits_for_the_lock(empty_dsn)
    async with await connect(empty_dsn) as connection:
        await connection.execute("SELECT pg_terminate_backend(%s)", [await holder(empty_dsn)])
    await taking
    await soon(lock.lost)
    assert not lock.held.is_set()
    await other.release()
    await soon(lock.held)


async def test_who_holds_the_lock_is_told_at_once_and_that_it_is_ours_again(empty_dsn: str) -> None:
    told = asyncio.Queue[WaremindError | None]()
    async with kept(empty_dsn, told.put_nowait), await connect(empty_dsn) as thief:
        await thief.execute("SET application_name = 'a thief'")
        await waits_and_gets_the_lock(thief, empty_dsn)
        why = await told.get()
        while why and "another daemon does (a thief)" not in why.message:
            why = await told.get()
        assert why
        assert f"pg_terminate_backend({thief.info.backend_pid})" in why.hint
        await thief.close()
        assert await told.get() is None


async def waits_and_gets_the_lock(thief: Connection, dsn: str) -> None:
    """Queue for the lock, cut its holder off, and have it."""
    taking = asyncio.create_task(thief.execute("SELECT pg_advisory_lock(%s)", [LOCK]))
    await waits_for_the_lock(dsn)
    async with await connect(dsn) as connection:
        await connection.execute("SELECT pg_terminate_backend(%s)", [await holder(dsn)])
    await taking


async def test_a_lock_is_kept_through_a_crash_of_the_server(server: EmbeddedPostgres) -> None:
    async with kept(server.dsn) as lock:
        kill(server.pid)
        await soon(lock.lost)
        await server.wait()
        await server.start()
        await soon(lock.held)
        assert await holder(server.dsn)


async def test_a_lock_is_taken_soon_however_long_the_server_was_away(
    server: EmbeddedPostgres,
) -> None:
    async with kept(server.dsn) as lock:
        kill(server.pid)
        await soon(lock.lost)
        await server.wait()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(AWAY_SECONDS):
                await lock.held.wait()
        await server.start()
        async with asyncio.timeout(3 * RETRY_SECONDS):
            await lock.held.wait()


async def test_an_unreachable_database_is_not_taken_for_another_daemon() -> None:
    with pytest.raises(WaremindError) as caught:
        await DaemonLock("host=/nonexistent").take()
    assert caught.value.code is ErrorCode.DATABASE_UNAVAILABLE


async def waits_for_the_lock(dsn: str) -> None:
    """Wait until a connection to this database waits for an advisory lock."""
    async with await connect(dsn) as connection:
        await until_it_waits(connection, "advisory")
