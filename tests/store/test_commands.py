"""What nodes ask of each other is begun once or never, and what is secret in it does not stay."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from waremind.store import commands, nodes
from waremind.store.commands import CommandRow
from waremind.store.database import Connection, connect
from waremind.store.nodes import NodeRow
from waremind.store.notifications import Notifications

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
SECRET = b"keys"


@pytest.fixture
async def two(dsn: str) -> AsyncIterator[Connection]:
    """Have two nodes, of which the first one asks and the second one is asked."""
    async with await connect(dsn) as connection:
        await register(connection)
        yield connection


async def register(connection: Connection) -> None:
    for name in ("nod_a", "nod_b"):
        row = NodeRow(id=name, name=name, version="1", beat_at=NOW, started_at=NOW)
        await nodes.register(connection, row)


def row() -> CommandRow:
    return CommandRow(
        id=uuid4(),
        asked_by="nod_a",
        uid=1000,
        operator="alice",
        node="west",
        line="{}",
        upload=SECRET,
    )


async def rows(connection: Connection, query: Any) -> list[tuple[Any, ...]]:
    return await (await connection.execute(query)).fetchall()


async def test_a_command_is_begun_by_whom_it_is_for_once_and_not_after_it_was_withdrawn(
    two: Connection,
) -> None:
    begun, withdrawn, late, nobodys = row(), row(), row(), row()
    for each, seconds in ((begun, 60), (withdrawn, 60), (late, 0)):
        assert await commands.ask(two, each, "nod_b", seconds)
    assert not await commands.ask(two, nobodys, "nod_c", 60)
    assert await commands.withdraw(two, withdrawn.id)
    assert await commands.begin(two, "nod_a") == []
    assert await commands.begin(two, "nod_b") == [begun]
    assert await commands.begin(two, "nod_b") == []
    assert not await commands.withdraw(two, begun.id)


async def test_no_secret_stays_that_was_read_or_that_nobody_reads(two: Connection) -> None:
    read, unread, abandoned = row(), row(), row()
    for each in (read, unread, abandoned):
        await commands.ask(two, each, "nod_b", 60)
    await commands.begin(two, "nod_b")
    assert await rows(two, "SELECT upload FROM commands") == [(None,)] * 3
    for each in (read, unread, abandoned):
        for number in (2, 1):
            await commands.emit(two, each.id, number, f"code {number}")
    events = await commands.read_events(two, [read.id])
    assert [each.event for each in events] == ["code 1", "code 2"]
    await commands.abandon(two, abandoned.id)
    await commands.emit(two, abandoned.id, 3, "code 3")
    assert await commands.waited_for(two, [read.id, unread.id, abandoned.id]) == {
        read.id,
        unread.id,
    }
    assert await rows(two, "SELECT DISTINCT command_id FROM command_events") == [(unread.id,)]
    for each in (read, unread, abandoned):
        await commands.answer(two, each.id, "keys")
    assert dict(await commands.standing(two, [read.id, abandoned.id])) == {read.id: "keys"}
    await commands.forget(two, [read.id])
    await commands.expire(two)  # not yet
    assert await rows(two, "SELECT id FROM commands") == [(unread.id,)]
    await two.execute("UPDATE commands SET expires_at = now() - interval '1 s'")
    await two.execute("UPDATE command_events SET expires_at = now() - interval '1 s'")
    await commands.expire(two)
    assert await rows(two, "SELECT id FROM commands") == []
    assert await rows(two, "SELECT event FROM command_events") == []


async def test_what_a_node_was_asked_goes_with_it_and_with_who_has_asked(two: Connection) -> None:
    for gone in ("nod_b", "nod_a"):
        asked = row()
        await register(two)
        assert await commands.ask(two, asked, "nod_b", 60)
        await nodes.remove(two, gone)
        assert await commands.standing(two, [asked.id]) == []


async def test_a_node_is_woken_at_once_and_can_count_what_it_has_not_heard(
    two: Connection, dsn: str
) -> None:
    heard = Notifications(dsn)
    assert await heard.wait(commands.channel_of("nod_b"), 0)  # has begun to listen
    before = await commands.wakes(two, "nod_b")
    await commands.wake_others(two, "nod_a", None)
    async with asyncio.timeout(10):
        assert not await heard.wait(commands.channel_of("nod_b"), 60)
    await heard.close()
    assert await commands.wakes(two, "nod_b") == (before or 0) + 1
    assert await commands.wakes(two, "nod_a") == 0
    await commands.wake_others(two, "nod_b", "acc_nobodys")
    assert await commands.wakes(two, "nod_a") == 0
