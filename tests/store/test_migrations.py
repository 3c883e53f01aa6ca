"""The runner of migrations."""

import psycopg
from pathlib import Path
from waremind.store import migrations


async def test_the_fixture(connection):
    r = await (await connection.execute("select count(*) from schema_migrations")).fetchone()
    assert r == (len(migrations.read()),)


def test_sync(dsn, empty_dsn):
    with psycopg.connect(empty_dsn) as c:
        c.execute("select 1")
