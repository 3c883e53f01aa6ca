"""`make crash-cluster`: two nodes are killed, stopped and cut off under due deliveries.

The second node's way to PostgreSQL is a cable to another machine, in which packets vanish; the
first one's a proxy that holds them back (both are proxies where namespaces are forbidden). Each
seed adds reminders that are all due at one moment, lets things happen to both nodes at random
points while they are sent, waits until all is well, and judges as `make crash` does. No two nodes
may ever have marked something in one session of an account.

What happens, when and for how long is decided by the seed alone, and printed before it does;
`--first` begins with any.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from cables import another_machine
from cluster.node import LEASE_SECONDS, Node
from cluster.proxy import Proxy
from cluster.replicated import dsn, single
from cluster.town import SHARED, Fault, Town, child, daemon_killed, hangs, killed, parted
from daemon_process import until
from events.follower import Follower
from whatsapp_server.harness import PlayedWhatsApp

from campaigns.crash import (
    ACCOUNTS,
    GROUPS,
    EventsJudge,
    Theatre,
    judge,
    report,
    told,
    wait_until,
)

SETTLE_SECONDS = 240.0
ACK_SECONDS = 0.05  # so that each account has something leaving nearly all the time
FAULTS: Mapping[str, Fault] = {
    "machine killed": killed,
    "daemon killed": daemon_killed,
    "child killed": child(signal.SIGKILL),
    "machine stopped": hangs(sessions=True),
    "daemon stopped": hangs(sessions=False),
    "child stopped": child(signal.SIGSTOP),
    "parted there": parted("there"),
    "parted back": parted("back"),
    "parted both ways": parted("there", "back"),
}


class Blow(NamedTuple):
    """What befalls a node, how long after the last one, and for how long."""

    name: str
    after_seconds: float
    seconds: float


def blows(dice: random.Random) -> list[Blow]:
    """Draw what befalls one node; about half of it is over before others would act for it."""
    return [
        Blow(dice.choice([*FAULTS]), dice.uniform(0, 1.5), dice.uniform(0, 2 * LEASE_SECONDS))
        for _ in range(dice.randint(0, 3))
    ]


def foretold(drawn: Sequence[Sequence[Blow]]) -> str:
    """Say what is about to befall the nodes."""
    return " | ".join(
        ", ".join(f"+{after:.1f} s {name} for {seconds:.1f} s" for name, after, seconds in some)
        for some in drawn
    )


def strike(town: Town, victim: int, some: Sequence[Blow]) -> None:
    """Let this happen to a node, one after the other."""
    for blow in some:
        time.sleep(blow.after_seconds)
        with FAULTS[blow.name](town, victim):
            time.sleep(blow.seconds)


def play(town: Town, theatre: Theatre, events: EventsJudge, seed: int, count: int) -> Counter[str]:
    """Play one seed; returns how its deliveries ended. Raises AssertionError."""
    town.dice.seed(seed)
    drawn = [blows(town.dice) for _ in town.nodes]
    if not any(drawn):
        drawn[seed % len(drawn)].append(Blow("machine killed", 1, LEASE_SECONDS))
    print(f"seed {seed}: {foretold(drawn)}", file=sys.stderr)
    seen_before = len(theatre.whatsapp.messages())
    due_at = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=2 + count // 25)
    theatre.add(seed, count, due_at)
    wait_until(due_at)
    with ThreadPoolExecutor(len(drawn)) as pool:
        struck = [pool.submit(strike, town, number, some) for number, some in enumerate(drawn)]
    for each in struck:
        each.result()
    until(town.is_well, f"all to be well after seed {seed}", SETTLE_SECONDS)
    counts = judge(theatre, count, theatre.whatsapp.messages()[seen_before:])
    shared = town.ask(SHARED)
    assert not shared, f"two nodes in one session: {shared}"
    counts.update(blow.name for some in drawn for blow in some)
    counts["events"] = events.judge()
    theatre.forget()
    return counts


@contextlib.contextmanager
def town_of(whatsapp: PlayedWhatsApp) -> Iterator[Town]:
    """Run two nodes on a PostgreSQL that is on another machine, if there can be one."""
    with contextlib.ExitStack() as stack:
        machine = stack.enter_context(another_machine())
        server = stack.enter_context(single(machine))
        if machine:
            cable, steady = machine.cable(), machine.cable()
            proxy = Proxy(server.port, steady.host)
            ways, places = (proxy, cable), [(proxy.host, proxy.port), (cable.host, server.port)]
        else:
            print("no network namespaces here: packets are held back, and none vanish")
            ways = (Proxy(server.port), Proxy(server.port))
            places = [(each.host, each.port) for each in ways]
        nodes: list[Node] = []
        for name, place in zip(("first", "second"), places, strict=True):
            nodes.append(stack.enter_context(Node(name, whatsapp, dsn(*place))))
            until(nodes[-1].speaks, f"{name} to speak")
        labels = [f"account {number}" for number in range(ACCOUNTS)]
        yield Town(nodes, ways, labels, random.Random(), lambda: server.socket_dsn)


def main() -> int:
    """Play the seeds that the command line names; print the counts."""
    parser = argparse.ArgumentParser(prog="campaigns.crash_cluster", description=__doc__)
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--deliveries", type=int, default=500)
    asked = parser.parse_args()
    total: Counter[str] = Counter()
    with PlayedWhatsApp(decrypt="one") as whatsapp, town_of(whatsapp) as town:
        theatre = Theatre(town.nodes[0], whatsapp, list(town.labels))
        theatre.prepare()
        whatsapp.behave(ack_delay=ACK_SECONDS)
        until(town.is_well, "all to be well")
        with Follower(town.nodes[0]) as follower:
            events = EventsJudge(town.nodes[0], follower)
            for seed in range(asked.first, asked.first + asked.seeds):
                try:
                    counts = play(town, theatre, events, seed, asked.deliveries // GROUPS)
                except Exception:
                    for node in town.nodes:
                        print(f"seed {seed} failed; {node.name}:\n{node.log[-6000:]}")
                    raise
                total += counts
                print(f"seed {seed}: {told(counts)}", flush=True)
            events.judge_all()
    report(asked.seeds, total)
    return 0


if __name__ == "__main__":
    sys.exit(main())
