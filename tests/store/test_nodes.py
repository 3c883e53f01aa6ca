"""Whose an account is, and its keys: one node at a time, and the session that it has opened."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from waremind.domain.lifecycle import State
from waremind.domain.shares import Part
from waremind.store import accounts, device_snapshots, nodes, ownership
from waremind.store.accounts import AccountRow
from waremind.store.database import Connection, connect
from waremind.store.device_snapshots import Device, Snapshot
from waremind.store.nodes import NodeRow

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)


def node(name: str) -> NodeRow:
    times = {"beat_at": NOW, "started_at": NOW}
    return NodeRow(id=f"nod_{name}", name=name, version="1", migrations=1000, **times)


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
        assert await nodes.standing(connection, "nod_a") == (True, False)
        assert await nodes.beat(connection, "nod_a", NOW)
        assert not await nodes.follow(connection, "nod_b", {"nod_a": 1})
        assert await nodes.follow(connection, "nod_b", {"nod_a": 2})
        assert await nodes.standing(connection, "nod_a") == (False, False)
        await nodes.remove(connection, "nod_b")
        assert await nodes.standing(connection, "nod_b") is None
        assert not await nodes.beat(connection, "nod_b", NOW)
        assert not await nodes.follow(connection, "nod_b", {})
        assert await nodes.follow(connection, "nod_c", {})


def part(*names: str, takes: int = 0, gives: int = 0) -> Part:
    """All accounts, for nodes of these names."""
    return Part(frozenset(f"nod_{name}" for name in names), ("",), takes, gives)


async def test_what_is_free_is_taken_once_by_urgency_and_where_it_is_placed(dsn: str) -> None:
    async with await connect(dsn) as ours, await connect(dsn) as theirs:
        for name in ("a", "b", "c"):
            await nodes.register(ours, node(name))
        await add(ours, *"123456")
        await ours.execute("UPDATE accounts SET node_id = 'nod_c' WHERE label = '6'")
        await due(ours, "5", NOW)
        await due(ours, "4", NOW + timedelta(hours=1))
        assert await ownership.place(ours, "acc_1", "nod_b")
        assert not await ownership.place(ours, "acc_1", "nod_b")
        async with ours.transaction():
            await ownership.claim(ours, "nod_a", part("a", "b", takes=2), [])
            assert await ownership.of(ours, "nod_a") == {"acc_5", "acc_4"}
            # Those are locked: who takes some at the same time passes them over.
            await ownership.claim(theirs, "nod_b", part("a", "b", takes=4), [])
        assert await ownership.of(ours, "nod_a") == {"acc_5", "acc_4"}
        assert await ownership.of(ours, "nod_b") == {"acc_1", "acc_2", "acc_3"}
        # One that shows another sign of life keeps what it has.
        assert await nodes.still_lost(ours, {"nod_c": 1, "nod_b": 7}) == ["nod_c"]
        await nodes.beat(ours, "nod_c", NOW)
        assert await nodes.still_lost(ours, {"nod_c": 1}) == []
        await ownership.claim(ours, "nod_a", part("a", "b", takes=1), ["nod_c"])
        assert set(await ownership.count(ours)) == {
            ("nod_a", None, 3, ""),
            ("nod_b", None, 2, ""),
            ("nod_b", "nod_b", 1, ""),
        }


async def test_what_has_nothing_to_send_for_the_longest_is_given_away_first(dsn: str) -> None:
    async with await connect(dsn) as connection:
        for name in ("a", "b"):
            await nodes.register(connection, node(name))
        await add(connection, *"12345")
        await ownership.claim_all(connection, "nod_a")
        await due(connection, "1", NOW)
        await due(connection, "2", NOW + timedelta(hours=1))
        await connection.execute("UPDATE accounts SET state = 'pairing' WHERE label = '3'")
        given = await ownership.surplus(connection, "nod_a", part("a", "b", gives=3))
        assert given == ["acc_4", "acc_5", "acc_2"]
        await ownership.place(connection, "acc_1", "nod_b")
        await ownership.place(connection, "acc_5", "nod_a")
        given = await ownership.surplus(connection, "nod_a", part("a", "b", gives=1))
        assert given == ["acc_1", "acc_4"]
        # What drains keeps nothing but what is under way.
        drained = await ownership.surplus(connection, "nod_a", part("b", gives=9))
        assert set(drained) == {"acc_1", "acc_2", "acc_4", "acc_5"}
        assert not await ownership.give_away(connection, "acc_5", "nod_a", 7)
        assert not await ownership.give_away(connection, "acc_5", "nod_b", 0)
        for account in ("acc_5", "acc_1"):
            assert await ownership.give_away(connection, account, "nod_a", 0)
        assert await ownership.placed_on(connection, "acc_5") is None
        assert await ownership.placed_on(connection, "acc_1") == "nod_b"
        await nodes.remove(connection, "nod_b")
        assert await ownership.placed_on(connection, "acc_1") is None


async def test_what_an_engine_wrote_is_for_those_that_can_open_it(dsn: str) -> None:
    async with await connect(dsn) as connection:
        for name in ("a", "b"):
            await nodes.register(connection, node(name))
        await add(connection, *"123")
        await ownership.claim_all(connection, "nod_a")
        await connection.execute(
            "UPDATE accounts SET device = 1, session = 1, state = 'connected' WHERE label <> '3'"
        )
        for label, engine in (("1", "0.6.0"), ("2", "0.5.2")):
            device, taken = Device(f"acc_{label}", 1, "nod_a"), Snapshot(0, False, b"", engine)
            assert await device_snapshots.write(connection, device, taken, NOW)
        assert await device_snapshots.engine_of(connection, "acc_1", 1) == "0.6.0"
        assert await device_snapshots.engine_of(connection, "acc_3", None) == ""
        old, new = ("", "0.5.2"), ("0.6.0",)
        for engines, given in ((old, {"acc_2", "acc_3"}), (new, {"acc_1"})):
            kin = Part(frozenset({"nod_b"}), engines, takes=9, gives=9)
            assert set(await ownership.surplus(connection, "nod_a", kin)) == given
        await connection.execute("UPDATE accounts SET node_id = NULL, placed_on = 'nod_b'")
        await ownership.claim(connection, "nod_b", Part(frozenset({"nod_b"}), old, 9), [])
        assert await ownership.of(connection, "nod_b") == {"acc_2", "acc_3"}
        # Who is no home of theirs leaves alone even what was placed there.
        await ownership.claim(connection, "nod_b", Part(frozenset({"nod_a"}), new, 9), [])
        assert await ownership.of(connection, "nod_b") == {"acc_2", "acc_3"}
        assert set(await ownership.count(connection)) == {
            (None, "nod_b", 1, "0.6.0"),
            ("nod_b", "nod_b", 1, ""),
            ("nod_b", "nod_b", 1, "0.5.2"),
        }


async def add(connection: Connection, *labels: str) -> None:
    times = {"created_at": NOW, "status_since": NOW, "state_since": NOW}
    for label in labels:
        row = AccountRow(id=f"acc_{label}", label=label, state=State.NEW, **times)
        await accounts.insert(connection, row)


async def due(connection: Connection, label: str, at: datetime) -> None:
    """Have an account a reminder that fires then."""
    await connection.execute(
        "INSERT INTO reminders (id, name, account_id, text, rrule, start, zone, misfire,"
        " grace_seconds, mention_all, state, next_at, fires_at, next_nominal, created_at)"
        " VALUES ('rem_' || %(label)s, %(label)s, 'acc_' || %(label)s, 'text', 'FREQ=DAILY',"
        " '2026-01-01', 'UTC', 'skip', 600, false, 'active', %(at)s, %(at)s, '2026-03-02',"
        " %(at)s)",
        {"label": label, "at": at},
    )
