"""The schema's history: numbered SQL files, applied once each, forward only.

The files are migrations/NNNN_what.sql. What was applied stands in the table schema_migrations.

In a cluster, programs that do not know a migration may run beside it. Which do is in a line of the
file: `-- compatible_from: 28` means those that know 28 migrations or more. Without it, it is those
that know the migration itself. So tables grow first, and what nobody uses any more goes one release
later: docs/contributing.md.
"""

import asyncio
import contextlib
import hashlib
import re
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable

import psycopg
from psycopg.rows import class_row

import waremind
from waremind.errors import ErrorCode, MisconfigurationError, WaremindError
from waremind.store.database import Connection, translated
from waremind.store.refusals import not_usable
from waremind.store.schema import check_schema

# Any number will do, so long as nothing else in the database locks it: "waremigr" in ASCII.
LOCK = 0x77_61_72_65_6D_69_67_72
LOCK_TIMEOUT_SECONDS = 60
# Beside nodes that send, a step does not wait longer for a table: those who come after it wait too.
BESIDE_TIMEOUT_SECONDS = 0.3
BESIDE_PAUSE_SECONDS = 0.5
BESIDE_TRIES = 120
DIRECTORY = files("waremind.store") / "migrations"
COMPATIBLE_FROM = re.compile(rb"^-- compatible_from: (\d+)$", re.MULTILINE)

# Without a number, it is compatible from itself on.
TABLE = """
    CREATE TABLE IF NOT EXISTS schema_migrations (
        number integer PRIMARY KEY,
        name text NOT NULL,
        sha256 text NOT NULL,
        version text NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT now()
    );
    ALTER TABLE schema_migrations ADD COLUMN IF NOT EXISTS compatible_from integer
"""
# Also of a table that has not the column yet.
_APPLIED = """
    SELECT number, name, sha256, version,
        coalesce((to_jsonb(s) ->> 'compatible_from')::integer, number) AS compatible_from
    FROM schema_migrations s ORDER BY number
"""


@dataclass(frozen=True)
class Migration:
    """A step of the schema: its file's number, name and bytes."""

    number: int
    name: str
    sql: bytes

    @property
    def sha256(self) -> str:
        """What the database remembers the file by."""
        return hashlib.sha256(self.sql).hexdigest()

    @property
    def compatible_from(self) -> int:
        """How many migrations a program has to know that goes on beside it."""
        found = COMPATIBLE_FROM.search(self.sql)
        return int(found[1]) if found else self.number


@dataclass(frozen=True)
class Applied:
    """A row of schema_migrations; `version` is the waremind that wrote it."""

    number: int
    name: str
    sha256: str
    version: str
    compatible_from: int


def read(directory: Traversable = DIRECTORY) -> Sequence[Migration]:
    """Read the migrations in their order; refuses numbers other than 1, 2, 3 and so on."""
    found = sorted(
        (_migration(file) for file in directory.iterdir() if file.name.endswith(".sql")),
        key=lambda migration: migration.number,
    )
    for expected, migration in enumerate(found, start=1):
        if migration.number != expected:
            raise WaremindError(
                ErrorCode.INTERNAL,
                f"cannot read the migrations: {migration.name} stands where number {expected} is "
                "expected",
            )
    return found


async def migrate(
    connection: Connection, migrations: Sequence[Migration], *, beside: bool = False
) -> int:
    """Apply what is missing, each in a transaction of its own; returns how many that were.

    The connection is in autocommit mode. With `beside` others use the tables meanwhile. Raises
    WaremindError when `migrations` are too old for the database, when one that was applied has
    changed since, or when one fails.
    """
    with translated(connection.info.dsn):  # which has no password
        async with _locked(connection):
            await check_schema(connection)
            await connection.execute(TABLE)
            missing = check(await applied(connection), migrations)
            for migration in missing:
                await (_apply_beside if beside else _apply)(connection, migration)
            return len(missing)


async def missing(connection: Connection, migrations: Sequence[Migration]) -> Sequence[Migration]:
    """List what of `migrations` is yet to be applied; raises as `migrate` does."""
    with translated(connection.info.dsn):
        cursor = await connection.execute("SELECT to_regclass('schema_migrations')")
        if await cursor.fetchone() == (None,):
            return migrations
        return check(await applied(connection), migrations)


def check(applied: Sequence[Applied], migrations: Sequence[Migration]) -> Sequence[Migration]:
    """Compare what was applied, in order, with what there is; returns what is missing."""
    for row in applied[len(migrations) :]:
        if row.compatible_from > len(migrations):
            raise MisconfigurationError(
                ErrorCode.CONFLICT,
                f"cannot use the database: waremind {row.version} has brought it to migration "
                f"{row.number}, and this waremind {waremind.__version__} knows {len(migrations)}",
                hint=f"install waremind {row.version} or newer, or restore the backup from before",
            )
    for row, migration in zip(applied, migrations, strict=False):
        if (row.number, row.sha256) != (migration.number, migration.sha256):
            raise MisconfigurationError(
                ErrorCode.CONFLICT,
                f"cannot use the database: migration {row.name} is not the one that waremind "
                f"{row.version} applied",
                hint="install an unmodified waremind; applied migrations never change",
            )
    return migrations[len(applied) :]


@contextlib.asynccontextmanager
async def _locked(connection: Connection) -> AsyncGenerator[None]:
    """Let nobody else migrate this database; steps may wait for tables as long as they need."""
    timeout = f"{LOCK_TIMEOUT_SECONDS}s"
    await connection.execute("SELECT set_config('lock_timeout', %s, false)", [timeout])
    await connection.execute("SELECT pg_advisory_lock(%s)", [LOCK])
    await connection.execute("RESET lock_timeout")
    try:
        yield
    finally:
        if not connection.broken:
            await connection.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


async def applied(connection: Connection) -> Sequence[Applied]:
    """List what a database that was ever migrated has got."""
    async with connection.cursor(row_factory=class_row(Applied)) as cursor:
        await cursor.execute(_APPLIED)
        return await cursor.fetchall()


async def _apply_beside(connection: Connection, migration: Migration) -> None:
    """Apply a step at a moment when it gets its tables soon."""
    for _ in range(BESIDE_TRIES - 1):
        try:
            return await _apply(connection, migration, BESIDE_TIMEOUT_SECONDS)
        except psycopg.errors.LockNotAvailable:
            await asyncio.sleep(BESIDE_PAUSE_SECONDS)
    return await _apply(connection, migration, BESIDE_TIMEOUT_SECONDS)


async def _apply(
    connection: Connection, migration: Migration, lock_timeout_seconds: float = 0
) -> None:
    timeout = f"{lock_timeout_seconds * 1000:.0f}ms"  # 0: as long as it takes
    try:
        async with connection.transaction():
            await connection.execute("SELECT set_config('lock_timeout', %s, true)", [timeout])
            await connection.execute(migration.sql)
            await connection.execute(
                "INSERT INTO schema_migrations (number, name, sha256, version, compatible_from)"
                " VALUES (%s, %s, %s, %s, %s)",
                [
                    migration.number,
                    migration.name,
                    migration.sha256,
                    waremind.__version__,
                    migration.compatible_from,
                ],
            )
    except psycopg.Error as error:
        if not_usable(connection.info.dsn, error):
            raise  # the server's doing, not the step's: it is told as such
        raise WaremindError(
            ErrorCode.INTERNAL,
            f"cannot apply migration {migration.name}: {error}",
            hint="nothing of it was kept; when the cause is removed, start again",
        ) from error


def _migration(file: Traversable) -> Migration:
    number, _, _ = file.name.partition("_")
    if not number.isdecimal():
        raise WaremindError(
            ErrorCode.INTERNAL,
            f"cannot read the migrations: {file.name} is not named NNNN_what.sql",
        )
    return Migration(int(number), file.name.removesuffix(".sql"), file.read_bytes())
