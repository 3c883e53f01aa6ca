"""Ids are drawn in one order and committed in another; none is told before it is decided."""

from __future__ import annotations

import re

import psycopg
import pytest
from delivery.clockwork import until
from psycopg.errors import CheckViolation

from waremind.domain.events import EVENTS
from waremind.domain.lifecycle import MEANINGS, STATES
from waremind.store import events
from waremind.store.events import Horizon

FREEZE = "INSERT INTO freezes VALUES (%s, now(), 'root', 'wrong text')"
WRITE = "INSERT INTO events (type, data) VALUES ('audit.written', '{}') RETURNING id"


async def write(connection: psycopg.AsyncConnection) -> int:
    """Write an event; returns its id."""
    found = await (await connection.execute(WRITE)).fetchone()
    assert found
    return found[0]


async def reach(horizon: Horizon, connection: psycopg.AsyncConnection, id_: int) -> None:
    """Look until it is at an id, or beyond."""

    async def is_there() -> bool:
        return await horizon.look(connection) >= id_

    await until(is_there)


async def test_the_database_knows_the_types_of_events_and_no_other(
    connection: psycopg.AsyncConnection,
) -> None:
    cursor = await connection.execute(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE conrelid = 'events'::regclass AND contype = 'c'"
    )
    ((check,),) = await cursor.fetchall()
    assert set(re.findall(r"'([a-z.]+)'", check)) == set(EVENTS)
    with pytest.raises(CheckViolation):
        await connection.execute("INSERT INTO events (type, data) VALUES ('account.eaten', '{}')")


async def test_the_database_calls_states_what_operators_call_them(
    connection: psycopg.AsyncConnection,
) -> None:
    cursor = await connection.execute("SELECT state, status, reason FROM account_states")
    told = {state: (status, reason) for state, status, reason in await cursor.fetchall()}
    assert told == {state: MEANINGS[state][:2] for state in STATES}


async def test_a_higher_id_is_not_told_while_a_lower_one_may_still_come(
    connection: psycopg.AsyncConnection, dsn: str
) -> None:
    horizon = Horizon()
    async with await psycopg.AsyncConnection.connect(dsn) as slow:
        lower = await write(slow)
        higher = await write(connection)
        assert lower < higher
        assert await horizon.look(connection) < lower
        await slow.commit()
    await reach(horizon, connection, higher)
    rows = await events.select(connection, 0, higher, ["audit.written"], 10)
    assert [row.id for row in rows] == [lower, higher]


async def test_what_is_written_all_the_time_does_not_keep_what_is_decided_back(
    connection: psycopg.AsyncConnection, dsn: str
) -> None:
    horizon = Horizon()
    async with (
        await psycopg.AsyncConnection.connect(dsn) as first,
        await psycopg.AsyncConnection.connect(dsn) as second,
    ):
        drawn = await write(first)
        await horizon.look(connection)
        await write(second)  # begins before the first one ends
        await first.commit()
        await reach(horizon, connection, drawn)
        assert await horizon.look(connection) == drawn


async def test_what_is_undone_is_not_told(connection: psycopg.AsyncConnection, dsn: str) -> None:
    async with await psycopg.AsyncConnection.connect(dsn) as other:
        await other.execute(FREEZE, [None])
        undone = await write(other)
        await other.rollback()
    await reach(Horizon(), connection, undone)
    assert await events.select(connection, 0, undone, list(EVENTS), 10) == []


async def test_what_a_failing_machine_could_undo_is_told_when_it_is_on_the_disk(
    connection: psycopg.AsyncConnection,
) -> None:
    await connection.execute("SET synchronous_commit = off")
    horizon = Horizon()
    for _ in range(20):
        drawn = await write(connection)
        cursor = await connection.execute("SELECT pg_current_wal_insert_lsn()")
        ((written,),) = await cursor.fetchall()
        await reach(horizon, connection, drawn)
        cursor = await connection.execute(
            "SELECT pg_current_wal_flush_lsn() >= %s::pg_lsn", [written]
        )
        assert await cursor.fetchall() == [(True,)]


async def test_what_nobody_flushes_is_flushed_to_decide_what_came_before(
    connection: psycopg.AsyncConnection,
) -> None:
    horizon = Horizon()
    drawn = await write(connection)
    # As what is pruned or undone is: in the log, and on the disk only with the next commit.
    await connection.execute("SELECT pg_logical_emit_message(false, 'test', 'x')")
    await horizon.look(connection)
    assert await horizon.look(connection) == drawn


async def test_old_events_go_and_it_is_known_up_to_where(
    connection: psycopg.AsyncConnection,
) -> None:
    old = await write(connection)
    await connection.execute("UPDATE events SET at = now() - interval '91 days'")
    new = await write(connection)
    assert await events.delete_old(connection, 90) == 1
    assert await events.delete_old(connection, 90) == 0
    assert await events.forgotten(connection) == old
    rows = await events.select(connection, 0, new, list(EVENTS), 10)
    assert [row.id for row in rows] == [new]
