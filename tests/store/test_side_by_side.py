"""Programs of two releases on one schema: what a migration must declare, and who goes on with it.

The rule is in docs/contributing.md: tables grow first, and what nobody uses goes a release later.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from store.side_by_side import read_catalog, takes_away
from store.waiting import until_it_waits

import waremind
from waremind.errors import ErrorCode, MisconfigurationError, WaremindError
from waremind.store import migrations, nodes
from waremind.store.database import Connection, connect
from waremind.store.migrations import COMPATIBLE_FROM, migrate, read

pytestmark = pytest.mark.anyio

# The first one that says which programs it is compatible with.
FIRST = 29
RELEASES = Path(__file__).parents[1] / "upgrade/fixtures"
APPLIED = re.compile(r"^\d+\t\d{4}_\w+\t[0-9a-f]{64}\t", re.MULTILINE)

TABLE = """
    CREATE TABLE a (x int PRIMARY KEY, word text NOT NULL CHECK (word IN ('one', 'two')), y int);
    CREATE FUNCTION f(x int) RETURNS int LANGUAGE sql AS 'SELECT 1';
"""
CHECK = "ALTER TABLE a DROP CONSTRAINT a_word_check, ADD CONSTRAINT a_word_check CHECK"
# It goes on beside these, and not beside those.
COMPATIBLE = (
    "ALTER TABLE a ADD z int NOT NULL DEFAULT 0; CREATE INDEX ON a (z); DROP INDEX a_z_idx",
    "CREATE TABLE b (x int PRIMARY KEY); ALTER TABLE a ADD b int REFERENCES b CHECK (b > 0)",
    "ALTER TABLE a ALTER word DROP NOT NULL; ALTER TABLE a DROP CONSTRAINT a_word_check",
    f"{CHECK} (word IN ('two', 'one', 'three'))",
    "CREATE OR REPLACE FUNCTION f(x int) RETURNS int LANGUAGE sql AS 'SELECT 2'",
)
INCOMPATIBLE = (
    "DROP TABLE a",
    "ALTER TABLE a DROP y",
    "ALTER TABLE a RENAME y TO z",
    "ALTER TABLE a RENAME TO b",
    "ALTER TABLE a ALTER y TYPE bigint",
    "ALTER TABLE a ALTER y SET NOT NULL",
    "ALTER TABLE a ADD z int NOT NULL",
    "ALTER TABLE a ADD CHECK (y > 0)",
    "ALTER TABLE a ADD FOREIGN KEY (y) REFERENCES a",
    "CREATE UNIQUE INDEX ON a (y)",
    f"{CHECK} (word IN ('two', 'three'))",
    "DROP FUNCTION f(int)",
    "DROP FUNCTION f(int); CREATE FUNCTION f(x int) RETURNS text LANGUAGE sql AS 'SELECT '''''",
)


@pytest.fixture
async def connection(empty_dsn: str) -> AsyncIterator[Connection]:
    """Connect to a database without any table."""
    async with await connect(empty_dsn) as connected:
        yield connected


async def test_ours_declare_from_where_on_they_are_compatible_and_what_takes_away_raises_it(
    connection: Connection,
) -> None:
    steps = read()
    await migrate(connection, steps[: FIRST - 1])
    least = FIRST - 1
    for number, step in enumerate(steps[FIRST - 1 :], start=FIRST):
        assert COMPATIBLE_FROM.search(step.sql), step.name
        assert least <= step.compatible_from <= number, step.name
        before = await read_catalog(connection)
        await migrate(connection, steps[:number])
        found = takes_away(before, await read_catalog(connection))
        assert not found or step.compatible_from > least, (step.name, found)
        least = step.compatible_from


def test_the_last_release_can_go_on_beside_this_one() -> None:
    known = [len(APPLIED.findall(file.read_text())) for file in RELEASES.glob("*.sql")]
    assert all(known)
    ours = read()
    before = [number for number in known if FIRST <= number < len(ours)]
    assert max(step.compatible_from for step in ours) <= max(before, default=FIRST)


@pytest.mark.parametrize("change", COMPATIBLE)
async def test_what_takes_nothing_away_is_compatible(connection: Connection, change: str) -> None:
    assert not await taken_away(connection, change)


@pytest.mark.parametrize("change", INCOMPATIBLE)
async def test_what_takes_away_is_seen(connection: Connection, change: str) -> None:
    assert await taken_away(connection, change)


async def taken_away(connection: Connection, change: str) -> set[str]:
    await connection.execute(TABLE)
    before = await read_catalog(connection)
    await connection.execute(change.encode())
    return takes_away(before, await read_catalog(connection))


def write(directory: Path, *compatible_from: int | None) -> list[migrations.Migration]:
    for number, since in enumerate(compatible_from, start=1):
        line = f"-- compatible_from: {since}\n" if since else ""
        sql = f"-- why\n{line}CREATE TABLE t{number} (x int)"
        (directory / f"{number:04}_step.sql").write_text(sql)
    return [*read(directory)]


async def test_an_older_program_goes_on_with_what_is_compatible_and_changes_nothing(
    connection: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = write(tmp_path, None, None, 2, 3)
    monkeypatch.setattr(waremind, "__version__", "9.9.0")
    assert await migrate(connection, steps[:3]) == 3
    assert await migrate(connection, steps[:2]) == 0
    assert not await migrations.missing(connection, steps[:2])
    assert await migrate(connection, steps) == 1
    assert await migrate(connection, steps[:3]) == 0
    monkeypatch.undo()
    with pytest.raises(
        MisconfigurationError, match=r"waremind 9\.9\.0 has brought it to migration 4"
    ) as caught:
        await migrations.missing(connection, steps[:2])
    assert caught.value.code is ErrorCode.CONFLICT


async def test_who_comes_later_can_read_which_nodes_there_are(connection: Connection) -> None:
    await migrate(connection, read()[: nodes.READABLE_SINCE])
    assert await nodes.select_all(connection) == []


async def test_a_table_of_migrations_from_before_says_nothing_of_compatibility(
    connection: Connection, tmp_path: Path
) -> None:
    steps = write(tmp_path, None, None)
    await migrate(connection, steps)
    await connection.execute("ALTER TABLE schema_migrations DROP compatible_from")
    assert [row.compatible_from for row in await migrations.applied(connection)] == [1, 2]
    with pytest.raises(MisconfigurationError):
        await migrations.missing(connection, steps[:1])
    assert await migrate(connection, write(tmp_path, None, None, 2)) == 1


async def test_beside_others_a_step_waits_for_its_tables_without_having_others_wait_long(
    connection: Connection, empty_dsn: str, tmp_path: Path
) -> None:
    await connection.execute("CREATE TABLE held (x int)")
    (tmp_path / "0001_step.sql").write_text("ALTER TABLE held ADD y int")
    async with await connect(empty_dsn) as other, await connect(empty_dsn) as third:
        async with other.transaction():
            await other.execute("LOCK TABLE held IN ACCESS SHARE MODE")
            step = asyncio.create_task(migrate(connection, read(tmp_path), beside=True))
            await until_it_waits(third, "relation")
            async with asyncio.timeout(5):
                await third.execute("SELECT FROM held")
            assert not step.done()
        assert await step == 1


async def test_beside_others_a_step_that_never_gets_its_tables_leaves_nothing(
    connection: Connection, empty_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "BESIDE_TRIES", 2)
    await connection.execute("CREATE TABLE held (x int)")
    (tmp_path / "0001_step.sql").write_text("CREATE TABLE a (x int); ALTER TABLE held ADD y int")
    async with await connect(empty_dsn) as other, other.transaction():
        await other.execute("LOCK TABLE held IN ACCESS SHARE MODE")
        with pytest.raises(WaremindError, match="due to lock timeout"):
            await migrate(connection, read(tmp_path), beside=True)
    assert await migrate(connection, read(tmp_path), beside=True) == 1
