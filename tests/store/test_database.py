"""The pool: transactions, recovery, and what is said when the database is not to be had."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import LiteralString, NoReturn

import psycopg
import pytest
from postgres_processes import kill

from waremind.errors import ErrorCode, MisconfigurationError, WaremindError
from waremind.store.database import Connection, Database, connect
from waremind.store.embedded import EmbeddedPostgres

PREPARED_AFTER = 10  # times that it was asked; psycopg does so after five


@pytest.fixture
async def database(empty_dsn: str) -> AsyncIterator[Database]:
    """Open a pool on a database with one empty table."""
    async with Database(empty_dsn, pool_size=2, timeout_seconds=0.5) as opened:
        async with opened.connection() as connection:
            await connection.execute("CREATE TABLE numbers (number integer UNIQUE)")
        yield opened


async def cut(from_here: Connection, connection: Connection) -> None:
    """Make the server end a connection, as an administrator does."""
    await from_here.execute("SELECT pg_terminate_backend(%s)", [connection.info.backend_pid])


async def insert(database: Database, *numbers: int) -> None:
    """Insert all the numbers in one transaction."""
    async with database.transaction() as connection:
        for number in numbers:
            await connection.execute("INSERT INTO numbers VALUES (%s)", [number])


async def numbers(database: Database) -> list[int]:
    async with database.connection() as connection:
        cursor = await connection.execute("SELECT number FROM numbers ORDER BY number")
        return [number for (number,) in await cursor.fetchall()]


async def test_a_statement_outside_a_transaction_commits_by_itself(database: Database) -> None:
    async with database.connection() as connection:
        await connection.execute("INSERT INTO numbers VALUES (1)")
        assert await numbers(database) == [1]


async def test_a_transaction_is_all_or_on_an_exception_nothing(database: Database) -> None:
    await insert(database, 1, 2)
    with pytest.raises(psycopg.errors.UniqueViolation):
        await insert(database, 3, 1)
    assert await numbers(database) == [1, 2]


async def test_times_come_back_in_utc_whatever_the_server_s_zone(database: Database) -> None:
    async with database.connection() as connection:
        cursor = await connection.execute("SELECT timestamptz '2026-12-01T09:00+01:00'")
        (moment,) = await cursor.fetchone() or ()
    assert moment == datetime(2026, 12, 1, 8, tzinfo=UTC)
    assert moment.utcoffset().total_seconds() == 0


async def test_the_pool_goes_on_after_the_server_crashed_and_came_back(
    server: EmbeddedPostgres,
) -> None:
    async with Database(server.dsn, pool_size=5, timeout_seconds=2.0) as database:
        async with contextlib.AsyncExitStack() as stack:
            for _ in range(5):
                await stack.enter_async_context(database.connection())
        kill(server.pid)
        await server.wait()
        await server.start()
        async with database.connection() as connection:
            assert await (await connection.execute("SELECT 1")).fetchone() == (1,)


async def test_a_server_that_is_gone_is_one_error_until_it_is_back(
    server: EmbeddedPostgres,
) -> None:
    async with Database(server.dsn, timeout_seconds=0.3) as database:
        async with database.connection() as connection:
            await connection.execute("CREATE TABLE IF NOT EXISTS numbers (number integer)")
        kill(server.pid)
        await server.wait()
        for _ in range(2):
            with pytest.raises(WaremindError) as caught:
                await numbers(database)
            assert caught.value.code is ErrorCode.DATABASE_UNAVAILABLE
        await server.start()
        await numbers(database)


async def test_a_connection_cut_in_a_transaction_is_that_error_too(database: Database) -> None:
    async with database.connection() as other:
        with pytest.raises(WaremindError, match="administrator command") as caught:
            async with database.transaction() as connection:
                await cut(other, connection)
    assert caught.value.code is ErrorCode.DATABASE_UNAVAILABLE


async def hang(database: Database, lock: LiteralString, another: Connection) -> None:
    """Stand still in a transaction until another one has what it has locked."""
    async with database.transaction() as hanging:
        await hanging.execute(lock)
        found = await another.execute(lock)
        assert await found.fetchone() == (1,)
        await hanging.execute(lock)


async def test_what_a_node_that_hangs_has_locked_is_free_soon(dsn: str) -> None:
    lock: LiteralString = "SELECT 1 FROM schema_migrations WHERE number = 1 FOR UPDATE"
    async with Database(dsn, idle_seconds=0.5) as database, await connect(dsn) as another:
        await another.execute("SET lock_timeout = '10s'")
        with pytest.raises(WaremindError, match="stood still for too long"):
            await hang(database, lock, another)


async def test_a_pool_without_a_free_connection_says_so_in_time(database: Database) -> None:
    async with database.connection(), database.connection():
        with pytest.raises(WaremindError, match="no connection became free in time") as caught:
            await numbers(database)
    assert caught.value.code is ErrorCode.DATABASE_UNAVAILABLE
    assert await numbers(database) == []


async def test_a_server_that_only_reads_counts_as_not_to_be_had(
    database: Database, empty_dsn: str
) -> None:
    await insert(database, 1)
    async with Database(empty_dsn, pool_size=1) as standby:
        async with standby.connection() as connection:
            await connection.execute("SET default_transaction_read_only = on")
        with pytest.raises(WaremindError, match="it can only be read") as caught:
            await insert(standby, 2)
    assert caught.value.code is ErrorCode.DATABASE_UNAVAILABLE
    assert await numbers(database) == [1]


async def test_a_name_service_that_does_not_answer_keeps_nobody_else_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked, answer = threading.Event(), threading.Event()

    def stall(*_: object, **_more: object) -> NoReturn:
        asked.set()
        answer.wait(5)
        raise socket.gaierror(socket.EAI_AGAIN, "no answer")

    monkeypatch.setattr(socket, "getaddrinfo", stall)
    connecting = asyncio.create_task(connect("postgresql://waremind@db.example.org/waremind"))
    assert await asyncio.to_thread(asked.wait, 5)
    assert not connecting.done()
    answer.set()
    with pytest.raises(WaremindError, match=r"db\.example\.org"):
        await connecting


async def test_a_statement_is_prepared_anew_when_another_node_has_changed_its_table(
    dsn: str,
) -> None:
    async with Database(dsn, pool_size=1) as database, await connect(dsn) as other:
        await other.execute("CREATE TABLE changed (x integer)")

        async def read() -> list[tuple[int]]:
            async with database.connection() as connection:
                return await (await connection.execute("SELECT x FROM changed")).fetchall()

        for _ in range(PREPARED_AFTER):
            await read()
        await other.execute("ALTER TABLE changed ALTER x TYPE bigint")
        with pytest.raises(WaremindError, match="tables have changed") as caught:
            await read()
        assert not isinstance(caught.value, MisconfigurationError)
        assert await read() == []
