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
import random
import signal
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from cluster.node import Node, texts
from cluster.replicated import Replicated, dsn, replicated
from cluster.town import SHARED, Fault, Town, child, daemon_killed, hangs, killed, parted
from daemon_process import until
from delivery.stage import Stage
from whatsapp_server.harness import PlayedWhatsApp

ACCOUNTS = 4
LEASE_SECONDS = 8.0  # the default
MESSAGES = 8  # of each account around a fault, one a second
AHEAD_SECONDS = 5  # in which they are all added
BOUND_SECONDS = 15.0  # for the silence, on a machine that is not too busy
SETTLE_SECONDS = 90.0
STANDS = "SELECT status, count(*) FROM deliveries GROUP BY status"
NOT_SEEN = "SELECT r.text FROM runs r JOIN deliveries d ON d.run_id = r.id WHERE d.status = 'sent'"


class Kind(NamedTuple):
    """What befalls a node: for so many seconds, or (None) until others have its accounts."""

    fault: Fault
    seconds: float | None = None


def outages(servers: Replicated) -> Mapping[str, Kind]:
    """Say what may befall PostgreSQL: it concerns all nodes, and no session ends."""

    @contextmanager
    def promoted(town: Town, victim: int) -> Iterator[None]:  # noqa: ARG001
        """Kill the primary, and promote its synchronous standby a second later."""
        before = town.children()
        servers.fail_over()
        yield
        until(lambda: town.children() == before, "all sessions to be the same")
        servers.rebuild()

    @contextmanager
    def away(town: Town, victim: int) -> Iterator[None]:  # noqa: ARG001
        before = town.children()
        servers.primary.stop()
        yield
        servers.primary.start()
        until(lambda: town.children() == before, "all sessions to be the same")

    return {"standby promoted": Kind(promoted, 0), "PostgreSQL stopped 5 s": Kind(away, 5)}


FAULTS: Mapping[str, Kind] = {
    "machine killed": Kind(killed),
    "daemon killed": Kind(daemon_killed),
    "machine hangs": Kind(hangs(sessions=True)),
    "daemon hangs": Kind(hangs(sessions=False)),
    "parted there": Kind(parted("there")),
    "parted back": Kind(parted("back")),
    "parted both ways": Kind(parted("there", "back")),
    "parted 3 s": Kind(parted("there", "back"), 3),
    "child killed": Kind(child(signal.SIGKILL), 0),
    "child hangs 4 s": Kind(child(signal.SIGSTOP), 4),
}


@dataclass
class Campaign:
    """The town with its accounts, what may happen to it, and what was seen so far."""

    town: Town
    whatsapp: PlayedWhatsApp
    accounts: Mapping[str, Stage]
    faults: Mapping[str, Kind]
    silences: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    wrong: list[str] = field(default_factory=list[str])

    def suffer(self, name: str) -> None:
        """Let one fault happen, and wait until all is well again."""
        town, dice, (fault, seconds) = self.town, self.town.dice, self.faults[name]
        victim = dice.choice([number for number in range(len(town.nodes)) if town.owned(number)])
        first = self.load(town.nodes[1 - victim])
        time.sleep(max(0.0, first.timestamp() + dice.uniform(1, 2) - time.time()))
        hit = town.owned(victim) if seconds is None else town.labels
        began = time.time()
        with fault(town, victim):
            if seconds is None:
                self.wait_for_others(name, victim, began)
            else:
                time.sleep(seconds)
        until(town.is_well, f"all to be well after: {name}", SETTLE_SECONDS)
        longest = max(silence(self.arrivals(label), began) for label in hit)
        self.silences.setdefault(name, []).append(longest)
        print(f"{name}: silent for {longest:.1f} s", flush=True)

    def load(self, node: Node) -> datetime:
        """Have each account a message due each second; returns when the first ones are."""
        first = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=AHEAD_SECONDS)
        for number in range(MESSAGES):
            at = (first + timedelta(seconds=number)).isoformat()
            for account in self.accounts.values():
                account.daemon = node
                account.remind(at=at, text=f"{account.label} {time.time_ns()}")
        return first

    def wait_for_others(self, name: str, victim: int, began: float) -> None:
        """Wait until the other node speaks for the accounts of the victim."""
        hit = self.town.owned(victim)
        until(lambda: not self.town.owned(victim), f"others to go on ({name})", SETTLE_SECONDS)
        for label in hit:
            until(
                lambda label=label: has_sent_since(self.town, label, began),
                f"{label} to speak ({name})",
                SETTLE_SECONDS,
            )

    def arrivals(self, label: str) -> list[float]:
        """List when an account's messages arrived."""
        phone = self.accounts[label].phone
        return sorted(m.at for m in self.whatsapp.messages() if m.sender.startswith(phone))

    def judge(self) -> None:
        """Compare what the phones saw with what the database says."""
        seen = texts(self.whatsapp)
        self.wrong += [f"seen {count} times: {text}" for text, count in seen.items() if count > 1]
        if seen[None]:
            self.wrong.append(f"{seen[None]} could not be read")
        sent = {str(text) for (text,) in self.town.ask(NOT_SEEN)}
        self.wrong += [f"sent, and not seen: {text}" for text in sent - set(map(str, seen))]
        self.wrong += [f"two nodes in one session: {row}" for row in self.town.ask(SHARED)]
        counts = {str(status): int(str(count)) for status, count in self.town.ask(STANDS)}
        if counts.keys() - {"sent", "unknown"}:
            self.wrong.append(f"without an end: {counts}")
        print(f"deliveries: {counts}; seen: {sum(seen.values())}")


def has_sent_since(town: Town, label: str, began: float) -> bool:
    """Tell whether the other node has marked something of an account since a moment."""
    query = (
        "SELECT 1 FROM deliveries d JOIN accounts a ON a.id = d.account_id"
        " WHERE a.label = %s AND d.node_id = a.node_id AND d.status = 'sent'"
        " AND d.started_at > to_timestamp(%s)"
    )
    return bool(town.ask(query, label, began))


def silence(arrivals: Sequence[float], began: float) -> float:
    """Say how long nothing arrived, at the longest, from the fault on."""
    times = [began, *(at for at in arrivals if at > began)]
    return max(later - earlier for earlier, later in pairwise(times))


@contextmanager
def campaign(seed: int) -> Iterator[Campaign]:
    """Start PostgreSQL, its standby and the nodes, and pair the accounts."""
    with ExitStack() as stack:
        whatsapp = stack.enter_context(PlayedWhatsApp())
        servers = stack.enter_context(replicated())
        servers.wait_for_standby()
        ways = [servers.way() for _ in range(2)]
        nodes: list[Node] = []
        for name, way in zip(("first", "second"), ways, strict=True):
            node = Node(name, whatsapp, dsn(way.host, way.port))
            node.environment["WAREMIND_CLUSTER__LEASE_SECONDS"] = str(LEASE_SECONDS)
            nodes.append(stack.enter_context(node))
            until(node.speaks, f"{name} to speak")
        accounts: dict[str, Stage] = {}
        for number in range(ACCOUNTS):
            account = Stage(nodes[number % 2], whatsapp, "", f"a{number}", f"62811000000{number}")
            account.daemon.add(account.label)
            account.group()
            account.pair()
            accounts[account.label] = account
        dice = random.Random(seed)
        town = Town(nodes, ways, list(accounts), dice, lambda: servers.primary.socket_dsn)
        until(town.is_well, "all to be well")
        yield Campaign(town, whatsapp, accounts, {**FAULTS, **outages(servers)})


def main() -> None:
    """Run the campaign, and say what was found."""
    parser = argparse.ArgumentParser(prog="campaigns.cluster", description=__doc__)
    parser.add_argument("--faults", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--bound", type=float, default=BOUND_SECONDS, metavar="SECONDS")
    options = parser.parse_args()
    with campaign(options.seed) as running:
        kinds, dice = running.faults, random.Random(options.seed)
        # Each kind as often as the others, in any order.
        rounds = options.faults // len(kinds) + 1
        names = [name for _ in range(rounds) for name in dice.sample([*kinds], len(kinds))]
        some = names[: options.faults]
        for name in some:
            running.suffer(name)
        running.judge()
    print(f"{len(some)} faults: {dict(Counter(some))}")
    for name, each in running.silences.items():
        print(f"{name}: p50 {statistics.median(each):.1f} s, worst {max(each):.1f} s")
    everything = [each for some in running.silences.values() for each in some]
    print(f"silence: p50 {statistics.median(everything):.1f} s, worst {max(everything):.1f} s")
    if max(everything) > options.bound:
        running.wrong.append(f"an account was silent for more than {options.bound:g} s")
    sys.exit("\n".join(running.wrong) if running.wrong else 0)


if __name__ == "__main__":
    main()
