"""`make cluster-faults`: what befalls two nodes, and their PostgreSQL with a synchronous standby.

Each fault comes while every account has a message due each second. It is over when all that was due
has ended and both nodes speak again. Then these are looked at:

- no phone shows a message twice, and every phone can read all of them;
- each delivery has one end, `sent` or `unknown`; what is `sent` was seen;
- no two nodes ever marked something in one session of an account;
- while PostgreSQL is away, or fails over, no session ends.

The silence of an account is the longest time without a message from the fault on.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import signal
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import psycopg
from cluster.node import Node, texts
from cluster.proxy import Direction, Proxy
from cluster.replicated import Replicated, replicated
from daemon_process import until
from delivery.stage import Stage
from whatsapp_server.harness import PlayedWhatsApp

from waremind.errors import WaremindError

ACCOUNTS = 4
LEASE_SECONDS = 8.0  # the default
MESSAGES = 8  # of each account around a fault, one a second
AHEAD_SECONDS = 5  # in which they are all added
BOUND_SECONDS = 15.0  # for the silence, on a machine that is not too busy
SETTLE_SECONDS = 90.0
OPEN = """
    SELECT 1 FROM deliveries WHERE status NOT IN ('sent', 'unknown')
    UNION ALL SELECT 1 FROM reminders WHERE state = 'active'
    LIMIT 1
"""
STANDS = "SELECT status, count(*) FROM deliveries GROUP BY status"
SHARED = """
    SELECT account_id, session FROM deliveries WHERE node_id IS NOT NULL
    GROUP BY account_id, session HAVING count(DISTINCT node_id) > 1
"""
NOT_SEEN = "SELECT r.text FROM runs r JOIN deliveries d ON d.run_id = r.id WHERE d.status = 'sent'"


@dataclass
class Town:
    """The nodes, each with its own way to the primary, and the accounts."""

    whatsapp: PlayedWhatsApp
    servers: Replicated
    nodes: Sequence[Node]
    ways: Sequence[Proxy]
    accounts: Sequence[Stage]

    def ask(self, query: str, *values: object) -> list[tuple[object, ...]]:
        """Ask the primary, past the proxies."""
        place = self.servers.primary.socket_dsn
        with psycopg.connect(place, dbname="waremind", autocommit=True) as connection:
            return connection.execute(query.encode(), values or None).fetchall()

    def owned(self, number: int) -> list[Stage]:
        """List the accounts of a node."""
        query = "SELECT a.label, n.name FROM accounts a LEFT JOIN nodes n ON n.id = a.node_id"
        owners = dict(self.ask(query))
        name = self.nodes[number].name
        return [each for each in self.accounts if owners[each.label] == name]

    def children(self) -> dict[str, int]:
        """Say which process has the session of each account."""
        found: dict[str, int] = {}
        for node in self.nodes:
            for each in self.owned(self.nodes.index(node)):
                found[each.label] = node.child(node.show(each.label).id)
        return found

    def arrivals(self, account: Stage) -> list[float]:
        """List when the account's messages arrived."""
        mine = [m.at for m in self.whatsapp.messages() if m.sender.startswith(account.phone)]
        return sorted(mine)

    def is_well(self) -> bool:
        """Tell whether both nodes speak, and all accounts are connected and at rest."""
        try:
            speak = all(node.speaks() for node in self.nodes)
            states = {self.nodes[0].show(each.label).status for each in self.accounts}
        except WaremindError:
            return False
        is_even = all(len(self.owned(n)) * 2 == ACCOUNTS for n in range(len(self.nodes)))
        return speak and is_even and states == {"connected"} and not self.ask(OPEN)


Fault = Callable[[Town, int], AbstractContextManager[None]]


@contextmanager
def killed(town: Town, victim: int) -> Iterator[None]:
    """Kill a machine: the daemon and all sessions."""
    node = town.nodes[victim]
    pids = [node.process.pid, *node.processes()]
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    node.process.wait()
    yield
    node.start()


@contextmanager
def daemon_killed(town: Town, victim: int) -> Iterator[None]:
    town.nodes[victim].kill()
    yield
    town.nodes[victim].start()


def hangs(*, sessions: bool) -> Fault:
    """Stop a machine, or its daemon alone, until others have its accounts."""

    @contextmanager
    def fault(town: Town, victim: int) -> Iterator[None]:
        town.nodes[victim].hang(sessions=sessions)
        try:
            yield
        finally:
            town.nodes[victim].go_on()

    return fault


def parted(*directions: Direction, seconds: float | None = None) -> Fault:
    """Part a node from PostgreSQL, until others have its accounts or for some seconds."""

    @contextmanager
    def fault(town: Town, victim: int) -> Iterator[None]:
        town.ways[victim].stop(*directions)
        try:
            if seconds:
                time.sleep(seconds)
                town.ways[victim].heal()
            yield
        finally:
            town.ways[victim].heal()

    return fault


def child(number: signal.Signals) -> Fault:
    """Kill a session's process, or stop it for a while."""

    @contextmanager
    def fault(town: Town, victim: int) -> Iterator[None]:
        node, account = town.nodes[victim], random.choice(town.owned(victim))
        pid = node.child(node.show(account.label).id)
        os.kill(pid, number)
        if number is signal.SIGSTOP:
            time.sleep(4)
            os.kill(pid, signal.SIGCONT)
        yield

    return fault


@contextmanager
def promoted(town: Town, victim: int) -> Iterator[None]:  # noqa: ARG001 - it concerns all nodes
    """Kill the primary, and promote its synchronous standby a second later."""
    before = town.children()
    town.servers.fail_over()
    yield
    until(lambda: town.children() == before, "all sessions to be the same")
    town.servers.rebuild()


@contextmanager
def away(town: Town, victim: int) -> Iterator[None]:  # noqa: ARG001 - it concerns all nodes
    """Have PostgreSQL stopped for a while."""
    before = town.children()
    town.servers.primary.stop()
    time.sleep(5)
    town.servers.primary.start()
    yield
    until(lambda: town.children() == before, "all sessions to be the same")


# Fault, and whether the accounts have to go to the other node for it to end.
FAULTS: dict[str, tuple[Fault, bool]] = {
    "machine killed": (killed, True),
    "daemon killed": (daemon_killed, True),
    "machine hangs": (hangs(sessions=True), True),
    "daemon hangs": (hangs(sessions=False), True),
    "parted there": (parted("there"), True),
    "parted back": (parted("back"), True),
    "parted both ways": (parted("there", "back"), True),
    "parted 3 s": (parted("there", "back", seconds=3), False),
    "child killed": (child(signal.SIGKILL), False),
    "child hangs 4 s": (child(signal.SIGSTOP), False),
    "standby promoted": (promoted, False),
    "PostgreSQL stopped 5 s": (away, False),
}


@dataclass
class Found:
    """What was seen so far: silences by fault, and what must not be."""

    silences: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    wrong: list[str] = field(default_factory=list[str])


def suffer(town: Town, name: str, dice: random.Random, found: Found) -> None:
    """Let one fault happen, and wait until all is well again."""
    fault, moves = FAULTS[name]
    loaded = [number for number in range(len(town.nodes)) if town.owned(number)]
    victim = dice.choice(loaded)
    asked = town.nodes[1 - victim]
    first = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=AHEAD_SECONDS)
    for number in range(MESSAGES):
        at = (first + timedelta(seconds=number)).isoformat()
        for account in town.accounts:
            account.daemon = asked
            account.remind(at=at, text=f"{account.label} {time.time_ns()}")
    time.sleep(max(0.0, first.timestamp() + dice.uniform(1, 2) - time.time()))
    hit = town.owned(victim) if moves else town.accounts
    began = time.time()
    with fault(town, victim):
        if moves:
            until(lambda: not town.owned(victim), f"others to go on ({name})", SETTLE_SECONDS)
            for account in hit:
                until(
                    lambda account=account: has_sent_since(town, account, began),
                    f"{account.label} to speak ({name})",
                    SETTLE_SECONDS,
                )
    until(town.is_well, f"all to be well after: {name}", SETTLE_SECONDS)
    silences = [silence(town.arrivals(account), began) for account in hit]
    found.silences.setdefault(name, []).append(max(silences))
    print(f"{name}: silent for {max(silences):.1f} s", flush=True)


def has_sent_since(town: Town, account: Stage, began: float) -> bool:
    """Tell whether the other node has marked something of an account since a moment."""
    query = (
        "SELECT 1 FROM deliveries d JOIN accounts a ON a.id = d.account_id"
        " WHERE a.label = %s AND d.node_id = a.node_id AND d.status = 'sent'"
        " AND d.started_at > to_timestamp(%s)"
    )
    return bool(town.ask(query, account.label, began))


def silence(arrivals: Sequence[float], began: float) -> float:
    """Say how long nothing arrived, at the longest, from the fault on."""
    times = [began, *(at for at in arrivals if at > began)]
    return max(later - earlier for earlier, later in pairwise(times))


def judge(town: Town, found: Found) -> None:
    """Compare what the phones saw with what the database says."""
    seen = texts(town.whatsapp)
    found.wrong += [f"seen {count} times: {text}" for text, count in seen.items() if count > 1]
    if seen[None]:
        found.wrong.append(f"{seen[None]} could not be read")
    sent = {str(text) for (text,) in town.ask(NOT_SEEN)}
    found.wrong += [f"sent, and not seen: {text}" for text in sent - set(map(str, seen))]
    found.wrong += [f"two nodes in one session: {row}" for row in town.ask(SHARED)]
    counts = {str(status): int(str(count)) for status, count in town.ask(STANDS)}
    if counts.keys() - {"sent", "unknown"}:
        found.wrong.append(f"without an end: {counts}")
    print(f"deliveries: {counts}; seen: {sum(seen.values())}")


@contextmanager
def town_of(whatsapp: PlayedWhatsApp, servers: Replicated) -> Iterator[Town]:
    """Start the nodes, and pair the accounts."""
    with ExitStack() as stack:
        ways = [servers.way() for _ in range(2)]
        nodes: list[Node] = []
        for name, way in zip(("first", "second"), ways, strict=True):
            node = Node(name, whatsapp, servers.dsn(way))
            node.environment["WAREMIND_CLUSTER__LEASE_SECONDS"] = str(LEASE_SECONDS)
            nodes.append(stack.enter_context(node))
            until(node.speaks, f"{name} to speak")
        accounts: list[Stage] = []
        for number in range(ACCOUNTS):
            account = Stage(nodes[number % 2], whatsapp, "", f"a{number}", f"62811000000{number}")
            account.daemon.add(account.label)
            account.group()
            account.pair()
            accounts.append(account)
        town = Town(whatsapp, servers, nodes, ways, accounts)
        until(town.is_well, "all to be well")
        yield town


def main() -> None:
    """Run the campaign, and say what was found."""
    parser = argparse.ArgumentParser(prog="campaigns.cluster", description=__doc__)
    parser.add_argument("--faults", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--bound", type=float, default=BOUND_SECONDS, metavar="SECONDS")
    options = parser.parse_args()
    dice, found = random.Random(options.seed), Found()
    # Each kind as often as the others, in any order.
    rounds = options.faults // len(FAULTS) + 1
    names = [name for _ in range(rounds) for name in dice.sample([*FAULTS], len(FAULTS))]
    some = names[: options.faults]
    with PlayedWhatsApp() as whatsapp, replicated() as servers:
        servers.wait_for_standby()
        with town_of(whatsapp, servers) as town:
            for name in some:
                suffer(town, name, dice, found)
            judge(town, found)
    print(f"{len(some)} faults: {dict(Counter(some))}")
    for name, each in found.silences.items():
        print(f"{name}: p50 {statistics.median(each):.1f} s, worst {max(each):.1f} s")
    everything = [each for some in found.silences.values() for each in some]
    print(f"silence: p50 {statistics.median(everything):.1f} s, worst {max(everything):.1f} s")
    if max(everything) > options.bound:
        found.wrong.append(f"an account was silent for more than {options.bound:g} s")
    sys.exit("\n".join(found.wrong) if found.wrong else 0)


if __name__ == "__main__":
    main()
