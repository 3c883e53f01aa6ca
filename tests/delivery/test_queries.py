"""A message costs one statement on a single machine, whatever nodes need among each other.

Counted by pg_stat_statements, which comes with the embedded server.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from delivery.clockwork import START, Engine, engine, until
from delivery.test_nodes import is_idle
from postgres_fixtures import BIN_DIR, own_server

from waremind.store import migrations

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(BIN_DIR is not None, reason="it is the embedded server's that counts"),
]

MINUTE = timedelta(minutes=1)
FEW, MANY = 5, 45
COUNTED = "SELECT query, calls FROM pg_stat_statements WHERE calls > 0"


@pytest.fixture
def counting_dsn() -> Iterator[str]:
    """Run a server that counts statements, with our tables."""
    with own_server(shared_preload_libraries="pg_stat_statements") as server:
        dsn = server.start()
        server.runner.run(migrate(dsn))
        yield dsn


async def migrate(dsn: str) -> None:
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
        await connection.execute("CREATE EXTENSION pg_stat_statements")
        await migrations.migrate(connection, migrations.read())


async def counted(playing: Engine, messages: int, minute: int) -> Counter[str]:
    """Send some messages that are due at one moment; count how often each statement ran."""
    at = START + minute * MINUTE
    for number in range(messages):
        await playing.add(f"{minute}-{number}", at=at.isoformat())
    await playing.at_rest()
    before = len(playing.sent)
    await playing.sql("SELECT pg_stat_statements_reset()")
    playing.clock.pass_to(at)
    await until(lambda: have_left(playing, before + messages))
    return Counter(dict(await playing.sql(COUNTED)))


async def have_left(playing: Engine, messages: int) -> bool:
    return len(playing.sent) == messages and await is_idle(playing)


async def test_each_message_costs_one_statement(counting_dsn: str, tmp_path: Path) -> None:
    async with engine(counting_dsn, tmp_path) as playing:
        few = await counted(playing, FEW, minute=1)
        many = await counted(playing, MANY, minute=2)
    more = MANY - FEW
    grown = {query: many[query] - few[query] for query in many}
    each = {query: calls for query, calls in grown.items() if calls > more / 4}
    assert len(each) == 1, each
    ((query, calls),) = each.items()
    assert "WITH able AS" in query
    assert more - 2 <= calls < 1.5 * more  # a lane looks in vain now and then
    of_nodes = [query for query in many if "device_snapshots" in query or "commands" in query]
    assert not of_nodes
