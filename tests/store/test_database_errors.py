"""What is said when a database is not to be had: the reason, the cure, and no secret."""

from pathlib import Path

import pytest
from postgres_processes import Servers
from psycopg.conninfo import make_conninfo

from waremind.errors import ErrorCode, WaremindError
from waremind.store.database import Connection, Database, check_server, connect
from waremind.store.embedded import EmbeddedPostgres
from waremind.store.embedded.roles import HBA

RULES = """
local all with_password scram-sha-256
local all with_peer peer
local all barred reject
local all no_one trust
local nowhere all trust
"""


async def reload(server: EmbeddedPostgres, connection: Connection, rules: Path, text: str) -> None:
    """Let a running server take over other rules, and wait until it has."""
    cursor = await connection.execute("SELECT pg_conf_load_time()")
    before = await cursor.fetchone()
    rules.write_text(text)
    await connection.execute("SELECT pg_reload_conf()")
    while True:
        async with await connect(server.dsn) as later:
            cursor = await later.execute("SELECT pg_conf_load_time()")
            if await cursor.fetchone() != before:
                return


@pytest.fixture
async def guarded(servers: Servers) -> EmbeddedPostgres:
    """Start a server that asks more of some roles than of others."""
    server = servers.make()
    async with await connect(await server.start()) as connection:
        await reload(server, connection, servers.directory / "hba.conf", RULES + HBA)
        await connection.execute("DROP ROLE IF EXISTS with_password, with_peer, barred")
        await connection.execute("CREATE ROLE with_password LOGIN PASSWORD 'sesame'")
        await connection.execute("CREATE ROLE with_peer LOGIN; CREATE ROLE barred LOGIN")
    return server


@pytest.mark.parametrize(
    ("changed", "reason", "cure"),
    [
        ("dbname=nowhere password=xyzzy", "there is no such database", "CREATE DATABASE"),
        ("user=no_one password=xyzzy", "there is no such role", "CREATE ROLE no_one"),
        ("user=with_password password=xyzzy", "role or password is wrong", "database.url"),
        ("user=with_password", "the server wants a password", "database.url"),
        ("user=with_peer password=xyzzy", "does not let this role and host in", "pg_ident.conf"),
        ("user=barred password=xyzzy", "does not let this role and host in", "pg_hba.conf"),
        ("host=/nonexistent password=xyzzy", "nothing answers there", "start PostgreSQL"),
        ("host=127.0.0.1 port=1 password=xyzzy", "nothing answers there", "host and port"),
        ("host=nowhere.invalid password=xyzzy", "its host name is unknown", "name service"),
    ],
)
async def test_why_a_database_cannot_be_reached_is_told_with_the_cure_and_no_secret(
    guarded: EmbeddedPostgres, changed: str, reason: str, cure: str
) -> None:
    given = dict(pair.split("=") for pair in changed.split())
    with pytest.raises(WaremindError) as caught:
        async with Database(make_conninfo(guarded.dsn, **given)):
            pass
    error = caught.value
    assert error.code is ErrorCode.DATABASE_UNAVAILABLE
    assert error.message.startswith("cannot reach the database (")
    assert reason in error.message
    assert cure in error.hint
    assert "xyzzy" not in f"{error.message} {error.hint} {error.__cause__}"


def test_a_server_older_than_14_is_refused() -> None:
    check_server(140_000, "UTF8")
    with pytest.raises(WaremindError, match="PostgreSQL 13 is too old"):
        check_server(130_022, "UTF8")


async def test_a_database_in_another_encoding_is_refused(server: EmbeddedPostgres) -> None:
    async with await connect(server.dsn) as connection:
        await connection.execute("DROP DATABASE IF EXISTS latin")
        await connection.execute(
            "CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE_PROVIDER libc"
            " LOCALE 'C'"
        )
    with pytest.raises(WaremindError, match="its encoding is LATIN1") as caught:
        await connect(make_conninfo(server.dsn, dbname="latin"))
    assert "ENCODING 'UTF8'" in caught.value.hint
