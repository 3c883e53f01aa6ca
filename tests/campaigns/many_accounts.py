"""`make many-accounts`: so many accounts and reminders on so many nodes, and what breaks first.

A simulation of what WhatsApp and the machines would add: the nodes are in this one process, and no
session is opened. Real are PostgreSQL, its rows, and how nodes share accounts out, beat, give away,
take over and claim what is due. It prints how long each took, and asserts that each account is
one node's, that the nodes come out level, and that what is due is claimed once.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import psycopg
from fake_gateway import FakeGateway, FakeWhatsApp

from waremind import config
from waremind.daemon.api.handlers.account import list_
from waremind.daemon.delivery.giving_away import GivingAway
from waremind.daemon.delivery.holds import Holds
from waremind.daemon.delivery.scheduler import Scheduler
from waremind.daemon.main import READERS, assemble
from waremind.daemon.rules.evaluator import RuleEvaluator
from waremind.daemon.services import Services
from waremind.daemon.status.report import status_report
from waremind.daemon.system.changes import Subscriber
from waremind.daemon.system.clock import WallClock
from waremind.daemon.system.cluster import ClusterMembership
from waremind.daemon.system.failures import Failures
from waremind.daemon.system.recent import Recent
from waremind.daemon.system.runtime import Runtime
from waremind.daemon.system.settings import LiveSettings
from waremind.requests.account import AccountList
from waremind.store import migrations, ownership
from waremind.store.accounts import AccountRow
from waremind.store.database import Database
from waremind.store.embedded import EmbeddedPostgres
from waremind.store.lock import DaemonLock
from waremind.whatsapp.deadline import Deadline

# An operator's PostgreSQL is larger than the embedded one.
SETTINGS = {
    "shared_preload_libraries": "pg_stat_statements",
    "shared_buffers": "512MB",
    "max_connections": "300",
    "work_mem": "4MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "autovacuum_naptime": "5s",
}
LOOK_SECONDS = 0.05
OURS = "pg_stat_statements|/. look ./"  # what this asks
SETTLE_SECONDS = 1800.0
TICKS = os.sysconf("SC_CLK_TCK")
# Accounts with a group each, and reminders that are due once a day, from an hour on.
FILLED = """
    SET session_replication_role = replica;
    INSERT INTO accounts (id, label, state, session, device, created_at, status_since, state_since,
                          linked_at)
        SELECT 'acc_' || i, 'account ' || i, 'connected', 1, 1, now(), now(), now(), now()
        FROM generate_series(1, {accounts}) i;
    INSERT INTO device_snapshots (account_id, device, session, ratchets, store, written_at)
        SELECT id, 1, 1, false, 'x', now() FROM accounts;
    INSERT INTO whatsapp_groups (id, account_id, jid, name, synced_at)
        SELECT 'grp_' || substr(id, 5), id, id || '@g.us', label, now() FROM accounts;
    INSERT INTO reminders (id, name, account_id, text, rrule, start, zone, misfire, grace_seconds,
                           mention_all, state, next_at, next_nominal, fires_at, created_at)
        SELECT 'rem_' || i, 'reminder ' || i, 'acc_' || (i % {accounts} + 1), 'It is time to go.',
               'FREQ=DAILY', at AT TIME ZONE 'UTC' - interval '9 days', 'UTC', 'skip', 600, false,
               'active', at, at AT TIME ZONE 'UTC', at, now()
        FROM generate_series(1, {reminders}) i,
             LATERAL (SELECT date_trunc('second', now()) + interval '1 hour'
                      + i * interval '82800 s' / {reminders} AS at) v;
    INSERT INTO reminder_groups
        SELECT id, 'grp_' || substr(account_id, 5), 0 FROM reminders;
    RESET session_replication_role;
"""
# Every account is being sent something, whatever would come of it.
SENDING = """
    WITH made AS (
        INSERT INTO runs (id, account_id, occurs_at, zone, text, mention_all, give_up_at,
                          grace_seconds, misfire, created_at)
        SELECT 'run_' || id, id, now(), 'UTC', 'text', false, now(), 600, 'skip', now()
        FROM accounts WHERE node_id = %(node)s RETURNING id, account_id)
    INSERT INTO deliveries (run_id, group_id, account_id, position, status, due_at, started_at,
                            node_id, session)
        SELECT id, 'grp_' || substr(account_id, 5), account_id, 0, 'sending', now(), now(),
               %(node)s, 1
        FROM made
"""
# What are the morning's: spread over all accounts.
AT_ONCE = """
    UPDATE reminders
    SET next_at = %(at)s, fires_at = %(at)s, next_nominal = %(at)s AT TIME ZONE 'UTC',
        start = %(at)s AT TIME ZONE 'UTC' - interval '9 days'
    WHERE substr(id, 5)::int <= %(reminders)s
"""


CALLS = "SELECT sum(calls)::int FROM pg_stat_statements WHERE query !~ %s"
COSTLY = r"""
    SELECT calls, total_exec_time, mean_exec_time, max_exec_time, rows,
           regexp_replace(query, '\s+', ' ', 'g')
    FROM pg_stat_statements WHERE query !~ %s ORDER BY total_exec_time DESC LIMIT 6
"""


@dataclass
class Claimer(Subscriber):
    """A node's accounts as its registry would have them, for who gives them away."""

    runtime: Runtime
    rows: dict[str, AccountRow] = field(default_factory=dict[str, AccountRow])
    given: int = 0

    def accounts_claimed(self, rows: Collection[AccountRow], *, afresh: bool) -> None:  # noqa: ARG002
        self.rows.update({row.id: row for row in rows})

    def accounts_lost(self, accounts: Collection[str]) -> None:
        for account in accounts:
            self.rows.pop(account, None)

    def find(self, account: str) -> Any:
        """Find an account, as the registry does."""
        row = self.rows.get(account)
        return row and SimpleNamespace(row=row)

    async def give_away(self, account: Any) -> bool:
        """Give an account away as the registry does, without a session to be ended first."""
        row = account.row
        async with self.runtime.database.connection() as connection:
            given = await ownership.give_away(connection, row.id, row.node_id or "", row.session)
        if given:
            del self.rows[row.id]
            self.given += 1
            self.runtime.changes.account_let_go(row.id)
        return given


class Resting:
    """Whoever sends or deletes messages, when there are none: at rest at once."""

    @contextlib.contextmanager
    def _rest(self) -> Iterator[bool]:
        yield True

    def at_rest(self, _account: str) -> contextlib.AbstractContextManager[bool]:
        return self._rest()


class RestingSender(Resting):
    """The same, waited for."""

    @contextlib.asynccontextmanager
    async def _rest_soon(self) -> AsyncIterator[bool]:
        yield True

    def at_rest(self, _account: str) -> Any:
        return self._rest_soon()


class Node:
    """A daemon but for its sessions, its senders and its socket."""

    def __init__(self, name: str, place: Place) -> None:
        flags: dict[str, Any] = {
            "state_dir": str(place.directory / name),
            "database": {"url": place.dsn},
            "cluster": {"name": name, "lease_seconds": place.lease_seconds},
        }
        self.name = name
        self.settings = LiveSettings(config.load(None, flags))
        cluster = self.settings.settings.cluster
        self.lock = DaemonLock(place.dsn, shared=True)
        self.database = Database(place.dsn, idle_seconds=cluster.lease_seconds)
        self.readers = Database(place.dsn, pool_size=READERS, idle_seconds=cluster.lease_seconds)
        failures = Failures(place.clock.now)
        self.membership = ClusterMembership(
            self.lock, self.database, place.clock, failures, cluster, Deadline()
        )
        self.runtime = Runtime(
            self.settings,
            self.database,
            self.readers,
            self.membership,
            place.clock,
            failures,
            Recent(place.clock),
        )
        self.claimer = Claimer(self.runtime)
        self.holds = Holds(self.runtime)
        self.scheduler = Scheduler(self.runtime, self.holds)
        self.giving_away = GivingAway(
            self.runtime,
            self.claimer,  # pyright: ignore[reportArgumentType]
            RestingSender(),  # pyright: ignore[reportArgumentType]
            Resting(),  # pyright: ignore[reportArgumentType]
        )
        self.runtime.changes.subscribe(self.claimer, self.scheduler, self.giving_away)
        self._life: asyncio.Task[None] | None = None
        self._lives = asyncio.Event()

    async def start(self) -> None:
        """Begin to live, and return when it has joined."""
        self._life = asyncio.create_task(self._live())
        joined = asyncio.create_task(self._lives.wait())
        await asyncio.wait([self._life, joined], return_when=asyncio.FIRST_COMPLETED)
        if self._life.done():
            self._life.result()

    async def _live(self) -> None:
        async with contextlib.AsyncExitStack() as stack:
            await self.lock.take()
            stack.push_async_callback(self.lock.release)
            await stack.enter_async_context(self.database)
            tasks = await stack.enter_async_context(asyncio.TaskGroup())
            tasks.create_task(self.membership.keep(lambda _why: None))
            tasks.create_task(self.giving_away.run())
            tasks.create_task(self.scheduler.run())
            await self.membership.join()
            self._lives.set()
            await asyncio.Event().wait()

    async def die(self) -> None:
        """End as if killed: it says nothing to anybody."""
        life, self._life = self._life, None
        if life:
            life.cancel()
            await asyncio.wait([life])


@dataclass
class Place:
    """Where the nodes live: their PostgreSQL, and somebody who asks it."""

    directory: Path
    dsn: str
    postmaster: int
    connection: psycopg.AsyncConnection[Any]
    clock: WallClock
    lease_seconds: float
    nodes: list[Node] = field(default_factory=list[Node])

    async def ask(self, query: Any, values: Any = None) -> list[Any]:
        """Ask the database."""
        cursor = await self.connection.execute(query, values)
        return await cursor.fetchall() if cursor.description else []

    async def owned(self) -> dict[str | None, int]:
        """Count the accounts by the node that has them."""
        return dict(await self.ask("SELECT /* look */ node_id, count(*) FROM accounts GROUP BY 1"))

    async def is_level(self, nodes: Sequence[Node]) -> bool:
        """Tell whether these nodes, and no others, have all accounts, level within one."""
        owned = await self.owned()
        found = list(owned.values())
        return {*owned} == {node.membership.node for node in nodes} and max(found) - min(found) <= 1

    async def judge(self, nodes: Sequence[Node], accounts: int) -> None:
        """Compare what the nodes believe with what is so."""
        until_seen = 3 * self.lease_seconds
        await self.until(lambda: self._is_seen(nodes), "nodes to see what they have", until_seen)
        owned = await self.owned()
        assert sum(owned.values()) == accounts
        assert set(owned) == {node.membership.node for node in nodes}, owned
        assert max(owned.values()) - min(owned.values()) <= 1, owned
        believed = [account for node in nodes for account in node.claimer.rows]
        assert len(believed) == len(set(believed)) == accounts, "an account is one node's"

    async def _is_seen(self, nodes: Sequence[Node]) -> bool:
        rows = await self.ask("SELECT node_id, array_agg(id) FROM accounts GROUP BY 1")
        there = {node: set(ids) for node, ids in rows}
        return all(set(node.claimer.rows) == there.get(node.membership.node) for node in nodes)

    async def until(
        self, holds: Callable[[], Awaitable[bool]], what: str, seconds: float = SETTLE_SECONDS
    ) -> float:
        """Wait for something; returns the seconds that it took. Raises AssertionError."""
        began = time.monotonic()
        while not await holds():
            assert time.monotonic() - began < seconds, f"waited in vain for {what}"
            await asyncio.sleep(LOOK_SECONDS)
        return time.monotonic() - began

    @contextlib.asynccontextmanager
    async def measured(self, what: str) -> AsyncIterator[None]:
        """Print what something took: seconds, CPU of both sides, and the statements."""
        await self.ask("SELECT pg_stat_statements_reset()")
        began, ours, theirs = time.monotonic(), time.process_time(), cpu_of(self.postmaster)
        yield
        took = time.monotonic() - began
        ours, theirs = time.process_time() - ours, cpu_of(self.postmaster) - theirs
        ((calls,),) = await self.ask(CALLS, [OURS])
        tell(
            what,
            f"{took:.1f} s; CPU: PostgreSQL {theirs:.2f} s ({theirs / took:.1%} of a core), "
            f"nodes {ours:.2f} s ({ours / took:.1%}); {calls / took:.0f} statements/s",
        )
        statements = await self.ask(COSTLY, [OURS])
        for calls, total, mean, most, rows, query in statements:
            print(
                f"      {total:8.0f} ms in {calls:6} calls, mean {mean:7.2f}, max {most:7.1f}, "
                f"{rows:7} rows: {query[:110]}"
            )


def tell(what: str, found: str) -> None:
    """Print a figure at once."""
    print(f"{what}: {found}", flush=True)


def cpu_of(postmaster: int) -> float:
    """Sum the CPU seconds of a PostgreSQL: of its processes, and of those that have ended."""
    total = 0
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            if int(entry.name) == postmaster:
                total += sum(map(int, fields[11:15]))
            elif int(fields[1]) == postmaster:
                total += sum(map(int, fields[11:13]))
    return total / TICKS


@contextlib.asynccontextmanager
async def place_of(options: argparse.Namespace) -> AsyncIterator[Place]:
    """Run a PostgreSQL, and fill it."""
    with tempfile.TemporaryDirectory(prefix="waremind-many-") as name, WallClock() as clock:
        directory = Path(name)
        directory.chmod(0o711)
        server = EmbeddedPostgres(directory / "postgres", settings=SETTINGS)
        dsn = await server.start()
        try:
            async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
                await migrations.migrate(connection, migrations.read())
                await connection.execute("CREATE EXTENSION pg_stat_statements")
                place = Place(
                    directory, dsn, server.pid or 0, connection, clock, options.lease_seconds
                )
                began = time.monotonic()
                numbers = {"accounts": options.accounts, "reminders": options.reminders}
                await connection.execute(FILLED.format(**numbers))  # pyright: ignore[reportArgumentType]
                await connection.execute("VACUUM ANALYZE")
                tell("filled", f"{time.monotonic() - began:.1f} s")
                yield place
        finally:
            await server.stop()


async def play(place: Place, options: argparse.Namespace) -> None:
    """Have everything happen, one after another."""
    place.nodes = [Node(f"node {number}", place) for number in range(1, options.nodes + 1)]
    try:
        await begin(place, options)
        await rest(place, options)
        await lose(place, options)
        await join(place, options)
        await morning(place, options)
        await look(place, options)
        await sizes(place)
    finally:
        await asyncio.gather(*(node.die() for node in place.nodes))


async def begin(place: Place, options: argparse.Namespace) -> None:
    """Start the nodes on accounts that nobody has: at once, or one first, which takes them all."""
    nodes = place.nodes
    when = "one first, the others when it has all" if options.one_first else "at once"
    async with place.measured(f"{len(nodes)} nodes start, {when}; until level"):
        began = time.monotonic()
        early = nodes[:1] if options.one_first else nodes
        starting = [asyncio.create_task(node.start()) for node in early]
        await place.until(lambda: has_all(place), "all to be claimed")
        tell("  all claimed after", f"{time.monotonic() - began:.2f} s")
        starting += [asyncio.create_task(node.start()) for node in nodes[len(early) :]]
        await asyncio.gather(*starting)
        await place.until(lambda: place.is_level(nodes), "nodes to be level")
    tell("  given away until then", f"{sum(node.claimer.given for node in nodes)} accounts")
    await place.judge(nodes, options.accounts)


async def has_all(place: Place) -> bool:
    """Tell whether each account is some node's."""
    return None not in await place.owned()


async def rest(place: Place, options: argparse.Namespace) -> None:
    """Let nothing happen."""
    await asyncio.sleep(place.lease_seconds)
    async with place.measured("nothing happens"):
        await asyncio.sleep(options.rest_seconds)


async def lose(place: Place, options: argparse.Namespace) -> None:
    """Kill a node while all its accounts are sending something."""
    victim = place.nodes.pop()
    had = len(victim.claimer.rows)
    await place.ask(SENDING, {"node": victim.membership.node})
    async with place.measured(f"a node with {had} accounts is lost, until the others are level"):
        await victim.die()
        lost = victim.membership.node
        await place.until(lambda: is_passing(place, lost, had), "others to begin")
        ((began,),) = await place.ask(
            "SELECT extract(epoch FROM clock_timestamp() - beat_at)::float8 FROM nodes"
            " WHERE id = %s",
            [lost],
        )
        took = await place.until(lambda: is_gone(place, lost), "its accounts to be others'")
        tell("first of its accounts claimed, after its last beat", f"{began:.2f} s")
        tell("all of them, after the first", f"{took:.2f} s")
        await place.until(lambda: place.is_level(place.nodes), "nodes to be level")
    query = "SELECT status, count(*) FROM deliveries GROUP BY 1"
    assert await place.ask(query) == [("unknown", had)], await place.ask(query)
    await place.judge(place.nodes, options.accounts)


async def is_passing(place: Place, node: str, had: int) -> bool:
    """Tell whether a node has fewer accounts than it had."""
    return (await place.owned()).get(node, 0) < had


async def is_gone(place: Place, node: str) -> bool:
    """Tell whether a node has no account."""
    return node not in await place.owned()


async def join(place: Place, options: argparse.Namespace) -> None:
    """Add a node, which the others give its share."""
    newcomer = Node("newcomer", place)
    place.nodes.append(newcomer)
    async with place.measured("a node joins, until level"):
        await newcomer.start()
        await place.until(lambda: place.is_level(place.nodes), "nodes to be level")
    await place.judge(place.nodes, options.accounts)


async def morning(place: Place, options: argparse.Namespace) -> None:
    """Have many reminders due at one moment."""
    number = min(options.at_once, options.reminders)
    after = 10 + number // 10_000
    at = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=after)
    await place.ask(AT_ONCE, {"reminders": number, "at": at})
    for node in place.nodes:
        node.scheduler.wake()
    await asyncio.sleep(max(0.0, at.timestamp() - time.time()) - 1)
    due = "SELECT /* look */ count(*) FROM reminders WHERE state = 'active' AND next_at <= %s"
    runs = "SELECT count(*), max(created_at) FROM runs WHERE reminder_id IS NOT NULL"

    async def is_claimed() -> bool:
        return await place.ask(due, [at]) == [(0,)]

    async with place.measured(f"{number} reminders are due at once, until claimed (1 s before)"):
        await place.until(is_claimed, "what is due to be claimed")
        late = time.time() - at.timestamp()
    tell("claimed", f"{late:.1f} s after the time, {number / max(late, 0.1):.0f}/s")
    assert [each for each, _ in await place.ask(runs)] == [number], "each is claimed once"


async def look(place: Place, options: argparse.Namespace) -> None:
    """Ask for the lists as operators and the daemon itself do."""
    onlooker = Node("onlooker", place)
    async with (
        onlooker.database,
        onlooker.readers,
        RuleEvaluator() as evaluator,
        asyncio.TaskGroup() as tasks,
    ):
        gateway = FakeGateway(FakeWhatsApp())
        services = assemble(onlooker.runtime, tasks, gateway, evaluator, "simulated")
        for what, ask in (("status", status_report), ("account list", listed)):
            times: list[float] = []
            async with place.measured(f"{what}, 5 times"):
                for _ in range(5):
                    began = time.monotonic()
                    answer = await ask(services)
                    encoded = msgspec.json.encode(answer)
                    times.append(time.monotonic() - began)
            tell(what, f"{sorted(times)[2]:.3f} s, {len(encoded)} bytes")
        assert len((await listed(services)).accounts) == options.accounts
        for task in list(tasks._tasks):
            task.cancel()


async def listed(services: Services) -> Any:
    """List the accounts."""
    return await list_(services, None, AccountList(all=True))  # pyright: ignore[reportArgumentType]


async def sizes(place: Place) -> None:
    """Print how large the tables are."""
    await place.ask("ANALYZE")
    rows = await place.ask(
        """
        SELECT relname, reltuples::bigint, pg_total_relation_size(oid) FROM pg_class
        WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
        ORDER BY 3 DESC LIMIT 8
        """
    )
    for name, count, size in rows:
        each = size / max(count, 1)
        tell(name, f"{count} rows, {size / 2**20:.0f} MB, {each:.0f} bytes each with indexes")


def main() -> int:
    """Play what the command line asks for."""
    parser = argparse.ArgumentParser(prog="campaigns.many_accounts", description=__doc__)
    parser.add_argument("--accounts", type=int, default=10_000)
    parser.add_argument("--nodes", type=int, default=11)
    parser.add_argument("--reminders", type=int, default=1_000_000, help="each once a day")
    parser.add_argument("--at-once", type=int, default=100_000, help="of them, at 09:00")
    parser.add_argument("--lease-seconds", type=float, default=8)
    parser.add_argument("--rest-seconds", type=float, default=30)
    parser.add_argument("--one-first", action="store_true", help="one node takes them all first")
    asyncio.run(run(parser.parse_args()))
    return 0


async def run(options: argparse.Namespace) -> None:
    """Play it on a PostgreSQL of its own."""
    # Of what is lost with a node it tells in figures.
    logging.getLogger("waremind").setLevel(logging.CRITICAL)
    async with place_of(options) as place:
        await play(place, options)


if __name__ == "__main__":
    sys.exit(main())
