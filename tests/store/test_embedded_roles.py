"""The embedded PostgreSQL asks for a password, and the daemon's role owns nothing in it."""

from __future__ import annotations

import stat
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from waremind.store import migrations
from waremind.store.embedded import EmbeddedPostgres
from waremind.store.embedded.programs import find
from waremind.store.grants import grant_to_daemon

pytestmark = pytest.mark.anyio


@pytest.fixture
async def server(place: Path) -> AsyncIterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(place / "pg", settings={"fsync": "off"})
    await server.start()
    async with await psycopg.AsyncConnection.connect(server.dsn, autocommit=True) as connection:
        await migrations.migrate(connection, migrations.read())
        await grant_to_daemon(connection)
    yield server
    await server.stop()


@pytest.mark.parametrize("role", ["waremind", "waremind_daemon"])
@pytest.mark.parametrize("given", [{}, {"password": "a guess"}])
async def test_who_does_not_know_the_password_is_refused(
    server: EmbeddedPostgres, role: str, given: dict[str, str]
) -> None:
    guess = make_conninfo(server.dsn, user=role, passfile="/nonexistent", **given)
    with pytest.raises(psycopg.OperationalError, match="password"):
        await psycopg.AsyncConnection.connect(guess)


async def test_the_passwords_are_for_the_daemons_user_alone(
    server: EmbeddedPostgres, place: Path
) -> None:
    assert stat.S_IMODE((place / "pg/passwords").stat().st_mode) == 0o600
    assert "password=" not in server.dsn + server.daemon_dsn


FORBIDDEN = {
    "change the audit log": "UPDATE audit_log SET operator = 'somebody else'",
    "shorten the audit log": "DELETE FROM audit_log",
    "empty the audit log": "TRUNCATE audit_log",
    "drop the audit log": "DROP TABLE audit_log",
    "lift what guards it": "ALTER TABLE audit_log DISABLE TRIGGER ALL",
    "make a table": "CREATE TABLE mine (id int)",
    "change which migrations were made": "DELETE FROM schema_migrations",
    "run a program": "COPY audit_log FROM PROGRAM 'true'",
    "read a file": "SELECT pg_read_file('postgresql.conf')",
    "write a file": "COPY audit_log TO '/tmp/x'",
    "become the owner": "SET ROLE waremind",
    "make a superuser": "CREATE ROLE mine SUPERUSER",
    "change the server": "ALTER SYSTEM SET log_min_messages = 'panic'",
    "read the passwords": "SELECT rolpassword FROM pg_authid",
}


@pytest.mark.parametrize("statement", FORBIDDEN.values(), ids=FORBIDDEN.keys())
async def test_the_daemons_role_cannot(server: EmbeddedPostgres, statement: str) -> None:
    dsn = server.daemon_dsn
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await connection.execute(statement.encode())


@pytest.mark.parametrize("verb", ["UPDATE audit_log SET uid = 1", "DELETE FROM audit_log"])
async def test_not_even_the_owner_changes_the_audit_log(
    server: EmbeddedPostgres, verb: str
) -> None:
    async with await psycopg.AsyncConnection.connect(server.dsn) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="only grows"):
            await connection.execute(verb.encode())


async def test_an_older_cluster_gets_passwords_at_its_next_start(
    server: EmbeddedPostgres, place: Path
) -> None:
    await server.stop()
    (place / "pg/passwords").unlink()  # as before there were any
    await server.start()
    async with await psycopg.AsyncConnection.connect(server.daemon_dsn) as connection:
        cursor = await connection.execute("SELECT current_user")
        assert await cursor.fetchone() == ("waremind_daemon",)


@pytest.mark.usefixtures("server")
async def test_libpq_takes_the_passwords_from_their_file(place: Path) -> None:
    environment = {"PGPASSFILE": str(place / "pg/passwords"), "PATH": "/usr/bin:/bin"}
    dump = [find(None) / "pg_dump", "--host", place / "pg/socket", "--username", "waremind"]
    done = subprocess.run([*dump, "waremind"], env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
