"""What this node has asked of another one, seen from within."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from delivery.clockwork import NOBODY

from waremind.daemon.system.failures import Failures
from waremind.daemon.system.relay import Asked, Commanded, Relay
from waremind.store import nodes
from waremind.store.database import Database, connect
from waremind.store.nodes import NodeRow
from waremind.store.notifications import Notifications

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
NO_OTHERS: Any = SimpleNamespace(node="nod_a", lost_nodes=tuple)
BLOCKED = (
    "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%commands%'"
)


async def repeat(commanded: Commanded) -> str:
    return commanded.row.line


async def nothing(*_anything: object) -> None:
    """Take no note."""


async def test_a_command_that_is_only_just_being_written_is_not_lost(dsn: str) -> None:
    async with (
        await connect(dsn) as connection,
        await connect(dsn) as another,
        Database(dsn) as database,
        asyncio.TaskGroup() as tasks,
        asyncio.timeout(20),
    ):
        row = NodeRow(id="nod_a", name="a", version="1", beat_at=NOW, started_at=NOW)
        await nodes.register(connection, row)
        relay = Relay(database, NO_OTHERS, Failures(lambda: NOW), Notifications(dsn))
        async with connection.transaction():
            await connection.execute("SELECT FROM nodes FOR UPDATE")
            asked = tasks.create_task(relay.ask("nod_a", NOBODY, Asked("done"), nothing))
            while not (await another.execute(BLOCKED)).rowcount:  # noqa: ASYNC110 - it is asked
                await asyncio.sleep(0)
            await relay._look(tasks, repeat, nothing)
        while not asked.done():
            await relay._look(tasks, repeat, nothing)
        assert asked.result() == "done"
