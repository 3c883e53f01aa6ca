"""The runner of migrations: each once, in order, whole or not at all, and never backwards."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from postgres_processes import environment
from psycopg.conninfo import make_conninfo
from store.waiting import until_it_waits

import waremind
from waremind.errors import ErrorCode, WaremindError
from waremind.store.database import Connection, connect
from waremind.store.migrations import Migration, migrate, read

MIGRATE = """
import asyncio, sys
from pathlib import Path
from waremind.store.database import connect
from waremind.store.migrations import migrate, read

async def main():
    async with await connect(sys.argv[1]) as connection:
        await migrate(connection, read(Path(sys.argv[2])))

asyncio.run(main())
"""


@pytest.fixture
async def connection(empty_dsn: str) -> AsyncIterator[Connection]:
    """Connect to a database without any table."""
    async with await connect(empty_dsn) as connected:
        yield connected


def write(directory: Path, *statements: str) -> list[Migration]:
    """Write one file for each statement; returns what is read of them."""
    for number, statement in enumerate(statements, start=1):
        (directory / f"{number:04}_step.sql").write_text(statement)
    return [*read(directory)]


async def tables(connection: Connection) -> set[str]:
    cursor = await connection.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        " AND tablename <> 'schema_migrations'"
    )
    return {name for (name,) in await cursor.fetchall()}


async def test_what_is_missing_is_applied_in_order_and_remembered(
    connection: Connection, tmp_path: Path
) -> None:
    steps = write(tmp_path, "CREATE TABLE a (x int); CREATE TABLE b (x int)", "DROP TABLE a")
    assert await migrate(connection, steps) == 2
    assert await tables(connection) == {"b"}
    cursor = await connection.execute(
        "SELECT number, name, sha256, version FROM schema_migrations ORDER BY number"
    )
    assert await cursor.fetchall() == [
        (1, "0001_step", steps[0].sha256, waremind.__version__),
        (2, "0002_step", steps[1].sha256, waremind.__version__),
    ]


async def test_what_was_applied_is_not_applied_again(
    connection: Connection, tmp_path: Path
) -> None:
    await migrate(connection, write(tmp_path, "CREATE TABLE a (x int)"))
    steps = write(tmp_path, "CREATE TABLE a (x int)", "CREATE TABLE b (x int)")
    assert await migrate(connection, steps) == 1
    assert await migrate(connection, steps) == 0
    assert await tables(connection) == {"a", "b"}


async def test_a_step_that_fails_leaves_nothing_and_the_next_start_goes_on_from_it(
    connection: Connection, tmp_path: Path
) -> None:
    broken = write(tmp_path, "CREATE TABLE a (x int)", "CREATE TABLE b (x int); SELECT 1/0")
    with pytest.raises(WaremindError, match="0002_step: division by zero") as caught:
        await migrate(connection, broken)
    assert caught.value.code is ErrorCode.INTERNAL
    assert await tables(connection) == {"a"}
    mended = write(tmp_path, "CREATE TABLE a (x int)", "CREATE TABLE b (x int)")
    assert await migrate(connection, mended) == 1


async def test_a_step_whose_program_was_killed_is_finished_at_the_next_start(
    connection: Connection, empty_dsn: str, tmp_path: Path
) -> None:
    await connection.execute("CREATE TABLE held (x int)")
    steps = write(tmp_path, "CREATE TABLE a (x int)", "DROP TABLE held; CREATE TABLE b (x int)")
    async with await connect(empty_dsn) as other, other.transaction():
        await other.execute("LOCK TABLE held")
        with subprocess.Popen(
            [sys.executable, "-c", MIGRATE, empty_dsn, tmp_path], env=environment()
        ) as program:
            await until_it_waits(connection, "relation")
            program.kill()
    assert await migrate(connection, steps) == 1
    assert await tables(connection) == {"a", "b"}


async def test_two_that_start_at_once_apply_each_step_once(empty_dsn: str, tmp_path: Path) -> None:
    steps = write(tmp_path, "CREATE TABLE a (x int)", "CREATE TABLE b (x int)")
    async with await connect(empty_dsn) as one, await connect(empty_dsn) as other:
        applied = await asyncio.gather(migrate(one, steps), migrate(other, steps))
    assert sorted(applied) == [0, 2]


async def test_a_step_that_has_changed_since_is_refused(
    connection: Connection, tmp_path: Path
) -> None:
    await migrate(connection, write(tmp_path, "CREATE TABLE a (x int)"))
    with pytest.raises(WaremindError, match="migration 0001_step is not the one") as caught:
        await migrate(connection, write(tmp_path, "CREATE TABLE a (x bigint)"))
    assert caught.value.code is ErrorCode.CONFLICT


async def test_a_database_newer_than_the_program_is_refused_and_left_as_it_is(
    connection: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = write(tmp_path, "CREATE TABLE a (x int)")
    newer = write(tmp_path, "CREATE TABLE a (x int)", "CREATE TABLE b (x int)")
    monkeypatch.setattr(waremind, "__version__", "9.9.0")
    await migrate(connection, newer)
    monkeypatch.undo()
    with pytest.raises(
        WaremindError, match=r"waremind 9\.9\.0 has brought it to migration 2"
    ) as caught:
        await migrate(connection, older)
    assert caught.value.code is ErrorCode.CONFLICT
    assert "install waremind 9.9.0 or newer" in caught.value.hint
    assert await tables(connection) == {"a", "b"}


async def test_the_lock_is_free_again_also_after_a_refusal(
    connection: Connection, empty_dsn: str, tmp_path: Path
) -> None:
    with pytest.raises(WaremindError):
        await migrate(connection, write(tmp_path, "SELECT 1/0"))
    async with await connect(empty_dsn) as other:
        assert await migrate(other, write(tmp_path, "SELECT 1")) == 1


@pytest.mark.parametrize(
    ("names", "complaint"),
    [
        (["0001_a.sql", "0003_b.sql"], "0003_b stands where number 2 is expected"),
        (["0002_a.sql"], "0002_a stands where number 1 is expected"),
        (["0001_a.sql", "0001_b.sql"], "stands where number 2 is expected"),
        (["first.sql"], "first.sql is not named NNNN_what.sql"),
    ],
)
def test_files_that_are_not_numbered_1_2_3_are_refused(
    names: list[str], complaint: str, tmp_path: Path
) -> None:
    for name in names:
        (tmp_path / name).write_text("SELECT 1")
    with pytest.raises(WaremindError, match=re.escape(complaint)):
        read(tmp_path)


async def test_a_user_who_may_not_create_tables_is_told_how_to_let_him(
    connection: Connection, empty_dsn: str, tmp_path: Path
) -> None:
    name = f"guest_{os.getpid()}"
    await connection.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'sesame'".encode())
    async with await connect(f"{make_conninfo(empty_dsn, user=name)} password=sesame") as guest:
        with pytest.raises(WaremindError, match="the role may not make tables there") as caught:
            await migrate(guest, write(tmp_path, "SELECT 1"))
    await connection.execute(f"DROP ROLE {name}".encode())
    assert caught.value.code is ErrorCode.DATABASE_UNAVAILABLE
    assert "ALTER DATABASE" in caught.value.hint


async def test_the_project_s_own_migrations_are_applied_to_the_tests_databases(dsn: str) -> None:
    async with await connect(dsn) as connection:
        assert await migrate(connection, read()) == 0
        assert "accounts" in await tables(connection)


def test_ours_are_numbered_without_a_gap_and_no_two_alike() -> None:
    numbers = sorted(
        int(path.name[:4])
        for path in (Path(waremind.__file__).parent / "store/migrations").glob("*.sql")
    )
    assert numbers == list(range(1, len(numbers) + 1))
