"""What this node has asked of another one, seen from within."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from delivery.clockwork import NOBODY

from waremind.daemon.system.failures import Failures
from waremind.daemon.system.relay import Asked, Commanded, LostError, Relay
from waremind.errors import ErrorCode, WaremindError
from waremind.store import commands, nodes
from waremind.store.commands import CommandRow
from waremind.store.database import Connection, Database, connect
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


@asynccontextmanager
async def alone(dsn: str) -> AsyncIterator[tuple[Relay, asyncio.TaskGroup]]:
    """Have a node that asks itself, and the tasks in which it does that."""
    async with (
        await connect(dsn) as connection,
        Database(dsn) as database,
        asyncio.TaskGroup() as tasks,
        asyncio.timeout(20),
    ):
        row = NodeRow(id="nod_a", name="a", version="1", beat_at=NOW, started_at=NOW)
        await nodes.register(connection, row)
        yield Relay(database, NO_OTHERS, Failures(lambda: NOW), Notifications(dsn)), tasks


async def test_a_command_that_is_only_just_being_written_is_not_lost(dsn: str) -> None:
    async with (
        alone(dsn) as (relay, tasks),
        await connect(dsn) as connection,
        await connect(dsn) as another,
    ):
        async with connection.transaction():
            await connection.execute("SELECT FROM nodes FOR UPDATE")
            asked = tasks.create_task(relay.ask("nod_a", NOBODY, Asked("done"), nothing))
            while not (await another.execute(BLOCKED)).rowcount:  # noqa: ASYNC110 - it is asked
                await asyncio.sleep(0)
            await relay._look(tasks, repeat, nothing)
        while not asked.done():
            await relay._look(tasks, repeat, nothing)
        assert asked.result() == "done"


async def test_a_command_that_is_begun_without_our_hearing_so_is_lost(
    dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = commands.begin

    async def begin_unheard(connection: Connection, node: str) -> list[CommandRow]:
        if await begin(connection, node):
            monkeypatch.undo()
            raise WaremindError(ErrorCode.DATABASE_UNAVAILABLE, "cut")
        return []

    monkeypatch.setattr(commands, "begin", begin_unheard)
    async with alone(dsn) as (relay, tasks):
        asked = asyncio.create_task(relay.ask("nod_a", NOBODY, Asked("done"), nothing))
        while not asked.done():
            with suppress(WaremindError):
                await relay._look(tasks, repeat, nothing)
        with pytest.raises(LostError):
            await asked
