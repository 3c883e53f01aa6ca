"""What a database says of itself, for who has to judge whether all is well."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from psycopg.rows import class_row

from waremind.store import migrations
from waremind.store.database import Connection, connect
from waremind.store.embedded.examination import examine_cluster


@dataclass(frozen=True)
class Examined:
    """A database: the server's version and clock, its size, and how many migrations it has."""

    version: str
    now: datetime
    size: str
    migrations: int

    @property
    def summary(self) -> str:
        """Say all that in words."""
        known = len(migrations.read())
        return f"PostgreSQL {self.version}, {self.size}, {self.migrations} of {known} migrations"


async def examine(connection: Connection) -> Examined:
    """Ask a database who it is. Raises what psycopg raises."""
    async with connection.cursor(row_factory=class_row(Examined)) as cursor:
        await cursor.execute(
            """
            SELECT current_setting('server_version') AS version, clock_timestamp() AS now,
                pg_size_pretty(pg_database_size(current_database())) AS size,
                (SELECT count(*) FROM schema_migrations) AS migrations
            """
        )
        return await cursor.fetchone() or _nothing()


def _nothing() -> Examined:
    raise AssertionError("a SELECT without FROM gives a row")


async def examine_at_rest(dsn: str | None, directory: Path, bin_dir: Path | None) -> str:
    """Say how the database is that no daemon uses: the one of `dsn`, else the embedded one.

    Raises WaremindError when a daemon could not use it.
    """
    if dsn is None:
        return await examine_cluster(directory, bin_dir)
    async with await connect(dsn) as connection:
        cursor = await connection.execute("SELECT to_regclass('schema_migrations')")
        if await cursor.fetchone() == (None,):
            return "it answers; the first start will make its tables"
        migrations.check(await migrations.applied(connection), migrations.read())
        return (await examine(connection)).summary
