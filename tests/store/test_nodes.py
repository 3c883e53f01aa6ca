"""Only the session that has a device's keys writes them, and only on the node of its account."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from waremind.domain.lifecycle import State
from waremind.store import accounts, device_snapshots, nodes, ownership
from waremind.store.accounts import AccountRow
from waremind.store.database import connect
from waremind.store.device_snapshots import Device, Snapshot
from waremind.store.nodes import NodeRow

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)


def node(name: str) -> NodeRow:
    return NodeRow(id=f"nod_{name}", name=name, version="1", beat_at=NOW, started_at=NOW)


async def test_a_snapshot_is_refused_from_a_session_or_a_node_that_has_been_followed(
    dsn: str,
) -> None:
    ours, theirs = Device("acc_1", 1, "nod_a"), Device("acc_1", 1, "nod_b")
    times = {"created_at": NOW, "status_since": NOW, "state_since": NOW}
    async with await connect(dsn) as connection:
        for name in ("a", "b"):
            await nodes.register(connection, node(name))
        row = AccountRow(
            id="acc_1", label="ops", state=State.CONNECTED, session=1, device=1, **times
        )
        await accounts.insert(connection, row)
        await ownership.claim_all(connection, "nod_a")

        async def write(device: Device, session: int, store: bytes) -> bool:
            taken = Snapshot(session, ratchets=True, store=store)
            return await device_snapshots.write(connection, device, taken, NOW)

        assert not await write(theirs, 1, b"theirs")
        assert await write(ours, 1, b"one")
        assert not await device_snapshots.open_(connection, theirs, 2)
        assert await device_snapshots.open_(connection, ours, 2)
        kept = await device_snapshots.select(connection, ours)
        assert kept == Snapshot(2, ratchets=False, store=b"one")
        assert not await write(ours, 1, b"late")
        assert await write(ours, 2, b"two")
        await ownership.claim_all(connection, "nod_b")
        assert not await write(ours, 2, b"fenced")
        kept = await device_snapshots.select(connection, theirs)
        assert kept == Snapshot(2, ratchets=True, store=b"two")
        await device_snapshots.keep_only(connection, "acc_1", 1)
        assert await device_snapshots.select(connection, theirs)
        await device_snapshots.keep_only(connection, "acc_1", None)
        assert await device_snapshots.select(connection, theirs) is None


async def test_a_node_follows_only_one_that_has_been_silent_since_it_was_seen(dsn: str) -> None:
    async with await connect(dsn) as connection:
        for name in ("a", "b", "c"):
            await nodes.register(connection, node(name))
        assert await nodes.follow(connection, "nod_a", {})
        assert not await nodes.follow(connection, "nod_b", {})
        assert not await nodes.follow(connection, "nod_b", {"nod_c": 1})
        assert await nodes.beat(connection, "nod_a", NOW)
        assert not await nodes.follow(connection, "nod_b", {"nod_a": 1})
        assert await nodes.follow(connection, "nod_b", {"nod_a": 2})
        assert await nodes.beat(connection, "nod_a", NOW) is False
        await nodes.remove(connection, "nod_b")
        assert await nodes.beat(connection, "nod_b", NOW) is None
        assert not await nodes.follow(connection, "nod_b", {})
        assert await nodes.follow(connection, "nod_c", {})
