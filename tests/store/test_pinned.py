"""What a connection reads and writes is the same whatever server, database and role have set."""

from datetime import UTC, datetime, timedelta

import pytest
from store.yours import YourPostgres

from waremind.store import holds
from waremind.store.database import Connection, Database, connect
from waremind.store.holds import FreezeRow
from waremind.store.lock import DaemonLock
from waremind.store.migrations import migrate, read
from waremind.store.pinned import PINNED

CONTRARY = (
    "DateStyle = 'German, DMY'",
    "IntervalStyle = 'sql_standard'",
    "TimeZone = 'Asia/Kathmandu'",
    "bytea_output = 'escape'",
    "extra_float_digits = 0",
    "standard_conforming_strings = off",
    "transform_null_equals = on",
    "array_nulls = off",
    "search_path = nowhere",
    "default_transaction_read_only = on",
    "default_transaction_isolation = 'serializable'",
    "default_transaction_deferrable = on",
    "session_replication_role = 'replica'",
    "synchronous_commit = off",
    "statement_timeout = '2s'",
    "lock_timeout = '1s'",
    "idle_session_timeout = '1s'",
    "idle_in_transaction_session_timeout = 0",
    "tcp_keepalives_idle = 0",
    "tcp_keepalives_interval = 0",
    "tcp_keepalives_count = 0",
    "tcp_user_timeout = 0",
    "random_page_cost = 4",
    "seq_page_cost = 1",
    "plan_cache_mode = 'force_generic_plan'",
    "jit = on",
    "client_encoding = 'LATIN1'",
)
# The one that only later versions know.
LATER = {"transaction_timeout"}


async def settings(connection: Connection) -> dict[str, str]:
    cursor = await connection.execute(
        "SELECT name, current_setting(name, true) FROM unnest(%s::text[]) AS v (name)",
        [[*PINNED, "client_encoding"]],
    )
    return dict(await cursor.fetchall())


def test_each_pinned_setting_is_tried_with_another_value() -> None:
    names = {setting.partition(" ")[0] for setting in CONTRARY}
    assert names == {*PINNED, "client_encoding"} - LATER


async def test_no_setting_of_a_database_changes_what_a_connection_does(yours: YourPostgres) -> None:
    with yours.database(*CONTRARY) as name:
        # A role that is no superuser could not undo this one; it cannot have set it either.
        yours.execute(f"ALTER DATABASE {name} RESET session_replication_role")
        dsn = yours.dsn(dbname=name)
        expected = {**PINNED, "client_encoding": "UTF8"}
        later = {name: PINNED[name] for name in LATER}
        async with (
            await connect(dsn) as alone,
            Database(dsn) as database,
            database.connection() as pooled,
        ):
            for connection in (alone, pooled):
                assert await settings(connection) | later == expected
            await writes_and_reads(pooled)


async def writes_and_reads(connection: Connection) -> None:
    """Do what failed: freeze, and read a time, an interval, bytes and an umlaut."""
    now = datetime.now(UTC)
    assert await migrate(connection, read()) == len(read())
    await holds.freeze(connection, FreezeRow(None, now, "Jörg", "€"))
    (row,) = await holds.select_freezes(connection)
    assert (row.since, row.operator, row.reason) == (now, "Jörg", "€")
    cursor = await connection.execute("SELECT interval '-1 day 2 hours', '\\x00ff'::bytea")
    assert await cursor.fetchone() == (timedelta(days=-1, hours=2), b"\0\xff")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PGTZ", "Asia/Kathmandu"),
        ("PGDATESTYLE", "German"),
        ("PGCLIENTENCODING", "LATIN1"),
        ("PGOPTIONS", "-c default_transaction_read_only=on -c search_path=nowhere"),
    ],
)
async def test_no_variable_of_the_shell_changes_what_a_connection_does(
    empty_dsn: str, variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    async with Database(empty_dsn) as database, database.connection() as connection:
        await writes_and_reads(connection)


async def test_the_lock_is_watched_under_a_role_s_timeouts(yours: YourPostgres) -> None:
    with yours.database("statement_timeout = '50ms'", "lock_timeout = '50ms'") as name:
        lock = DaemonLock(yours.dsn(dbname=name))
        await lock.take()
        await lock.release()
