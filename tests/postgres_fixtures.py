"""A real PostgreSQL for the tests: one server a session, one database a test."""

import asyncio
import contextlib
import itertools
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from waremind.store import migrations
from waremind.store.embedded import EmbeddedPostgres

# No test survives a power failure, and nobody reads this server's log.
FAST = {
    "fsync": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "log_min_messages": "panic",
    "max_connections": "100",
}


# The programs of another version, as CI has it run on Debian's.
BIN_DIR = Path(os.environ["TEST_BIN_DIR"]) if "TEST_BIN_DIR" in os.environ else None


@dataclass
class Postgres:
    """A running server in which databases come and go."""

    dsn: str
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def connect(self) -> psycopg.Connection:
        return psycopg.connect(self.dsn, autocommit=True)

    @contextlib.contextmanager
    def database(self, template: str) -> Generator[str]:
        """Clone `template`; yields the clone's DSN, and drops it whoever is still connected."""
        name = f"test_{next(self.numbers)}"
        both = [sql.Identifier(name), sql.Identifier(template)]
        with self.connect() as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY wal_log").format(*both)
            )
        yield make_conninfo(self.dsn, dbname=name)
        with self.connect() as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(both[0]))


@dataclass
class OwnServer:
    """A server of a test's own, which can be gone for a while."""

    server: EmbeddedPostgres
    runner: asyncio.Runner

    def start(self) -> str:
        """Start it, anew too; returns its DSN."""
        return self.runner.run(self.server.start())

    def stop(self) -> None:
        self.runner.run(self.server.stop())


@contextlib.contextmanager
def own_server(bin_dir: Path | None = None, **settings: str) -> Generator[OwnServer]:
    """Make a server that is not started yet; at the end it is stopped and removed."""
    directory = Path(tempfile.mkdtemp(prefix="waremind-postgres-"))
    directory.chmod(0o711)  # for root's PostgreSQL, which may be another user
    server = EmbeddedPostgres(directory / "postgres", bin_dir=bin_dir, settings=FAST | settings)
    with asyncio.Runner() as runner:
        try:
            yield OwnServer(server, runner)
        finally:
            runner.run(server.stop())
            shutil.rmtree(directory)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """Run one server for the whole session (under xdist: one for each worker)."""
    with own_server(BIN_DIR) as server:
        yield Postgres(server.start())


@pytest.fixture(scope="session")
def migrated_template(postgres: Postgres) -> Iterator[str]:
    """Make the database with the project's migrations that each test's is cloned from."""

    async def migrate(dsn: str) -> None:
        async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
            await migrations.migrate(connection, migrations.read())

    with postgres.database("template1") as dsn:
        asyncio.run(migrate(dsn))
        yield psycopg.conninfo.conninfo_to_dict(dsn)["dbname"]


@pytest.fixture
def dsn(postgres: Postgres, migrated_template: str) -> Iterator[str]:
    """Make a fresh database with the project's migrations; this is its DSN."""
    with postgres.database(migrated_template) as name:
        yield name


@pytest.fixture
def empty_dsn(postgres: Postgres) -> Iterator[str]:
    """Make a fresh database without any table; this is its DSN."""
    with postgres.database("template1") as name:
        yield name


@pytest.fixture
async def connection(dsn: str) -> AsyncIterator[psycopg.AsyncConnection]:
    """Connect, in autocommit mode, to the database of `dsn`."""
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connected:
        yield connected
