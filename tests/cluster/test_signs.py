"""What a node's signs of life say: that it does what is to be done, by a clock that is right."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from delivery.clockwork import Clock
from store.test_nodes import add

from waremind.daemon.system import cluster
from waremind.daemon.system.cluster import ClusterMembership
from waremind.daemon.system.failures import Failures
from waremind.errors import MisconfigurationError, WaremindError
from waremind.settings import Cluster
from waremind.store import nodes, ownership
from waremind.store.database import Connection, Database, connect
from waremind.store.lock import DaemonLock
from waremind.whatsapp.deadline import Deadline

pytestmark = pytest.mark.anyio

LEASE = Cluster().lease_seconds
BEAT = LEASE / 4
# What has to be done of one node fails, whatever the reason.
REFUSE = """
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'a bug'; END $$;
    CREATE TRIGGER refuse BEFORE UPDATE OF node_id ON accounts FOR EACH ROW
        WHEN (NEW.node_id = '{node}') EXECUTE FUNCTION refuse()
"""


@asynccontextmanager
async def member(dsn: str, clock: Clock, name: str = "east") -> AsyncIterator[ClusterMembership]:
    """Be a node with such a clock."""
    lock = DaemonLock(dsn, shared=True)
    await lock.take()
    try:
        async with Database(dsn) as database:
            failures, settings = Failures(clock.now), Cluster(name=name)
            yield ClusterMembership(lock, database, clock, failures, settings, Deadline())
    finally:
        await lock.release()


@asynccontextmanager
async def two_members(
    dsn: str, clock: Clock
) -> AsyncIterator[tuple[Connection, ClusterMembership, ClusterMembership]]:
    """Be two nodes with one clock, beside a connection to their database."""
    async with (
        await connect(dsn) as database,
        member(dsn, clock, "east") as east,
        member(dsn, clock, "west") as west,
    ):
        yield database, east, west


async def test_a_node_whose_clock_is_wrong_acts_for_no_account(dsn: str) -> None:
    clock = Clock(datetime.now(UTC) + timedelta(hours=1))
    async with member(dsn, clock) as node:
        await node.join()
        assert not node.held.is_set()
        assert not node.leading.is_set()
        clock.pass_to(datetime.now(UTC))
        await node._beat()
        assert node.held.is_set()
        clock.pass_to(datetime.now(UTC) - timedelta(hours=1))
        await node._beat()
        assert not node.held.is_set()


async def test_a_node_stops_to_act_when_the_schema_has_gone_on_without_it(dsn: str) -> None:
    async with await connect(dsn) as future, member(dsn, Clock(datetime.now(UTC))) as node:
        await node.join()
        assert node.held.is_set()
        await future.execute(
            "INSERT INTO schema_migrations (number, name, sha256, version)"
            " VALUES (9999, '9999_future', '', '9.9')"
        )
        with pytest.raises(WaremindError, match=r"waremind 9\.9 has brought it to migration 9999"):
            await node._beat()
        assert not node.held.is_set()


async def test_the_accounts_of_a_node_that_cannot_claim_go_to_who_can(
    dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = 1000.0
    monkeypatch.setattr(cluster, "boottime", lambda: seconds)
    clock = Clock(datetime.now(UTC))
    async with two_members(dsn, clock) as (database, east, west):
        await east.join()
        await west.join()
        await add(database, "1", "2")
        await west._beat()
        assert await owned(database, east, west) == [0, 1]
        await add(database, "3", "4")
        await database.execute(REFUSE.format(node=west.node).encode())
        for _ in range(9):
            seconds += BEAT
            clock.pass_to(datetime.now(UTC))
            await east._beat()
            with pytest.raises(MisconfigurationError, match="the server refuses"):
                await west._beat()
        # It does not come back for what it cannot take.
        assert await owned(database, east, west) == [4, 0]
        assert [east.condition_of(row) for row in east._there] == ["speaking", "lost"]
        await database.execute("DROP TRIGGER refuse ON accounts")
        await add(database, "5")
        await west._beat()
        await east._beat()
        assert [east.condition_of(row) for row in east._there] == ["speaking", "speaking"]


async def test_a_node_does_not_act_for_what_was_taken_before_its_sign_could_be_seen(
    dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(datetime.now(UTC))
    async with two_members(dsn, clock) as (database, east, west):
        await east.join()
        await add(database, "1", "2")
        await east._beat()
        await west.join()
        assert east._mine == {"acc_1", "acc_2"}
        beat = nodes.beat

        async def beat_late(connection: Connection, node: str, now: datetime) -> bool:
            await ownership.claim_all(database, west.node)
            return await beat(connection, node, now)

        monkeypatch.setattr(nodes, "beat", beat_late)
        await east._beat()
        assert east._mine == set()


async def owned(connection: Connection, *nodes: ClusterMembership) -> list[int]:
    """Count the accounts of nodes."""
    return [len(await ownership.of(connection, node.node)) for node in nodes]
