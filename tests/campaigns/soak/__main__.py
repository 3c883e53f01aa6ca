"""`make soak`: a busy life for MINUTES, and what must neither grow nor break meanwhile.

The daemon and real children of neonize live days of about a minute: half of the time on the
embedded PostgreSQL, then on one of yours behind its pooler. By day an operator of each account does
one thing after the other by chance, and things happen to the daemon and to its database: it is
away, it hangs, it becomes a standby that only reads, its disk is full (as root), the daemon's lock
is stolen, the pooler dies. In the evening all comes to rest, and is looked at:

- every occurrence has one run, and phones saw each message as often as its runs say;
- unpaired accounts are unpaired, the others connected, and nothing of anybody else's is left;
- at no moment is `status` ok while something is overdue;
- the log has no warning that such a life does not explain, and `status` answers in time;
- memory, descriptors, threads, processes, files are what they were after the warm-up.

What chance decides comes from the seed; when the threads run does not.
"""

from __future__ import annotations

import random
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from threading import Event, Timer

from daemon_process import DaemonProcess, environment
from whatsapp_server.harness import PlayedWhatsApp

from campaigns.database import Embedded
from campaigns.outages.yours import running
from campaigns.soak import deeds, evening, gauges, growth, machine, verdict
from campaigns.soak.gauges import Reading
from campaigns.soak.log import Log
from campaigns.soak.machine import Outages
from campaigns.soak.town import SETTINGS, Town
from campaigns.soak.watch import Watch

ACCOUNTS, QUIET, GROUPS = 7, 2, 3
DATABASES = ("embedded", "yours")
DAY_SECONDS = 45.0
SHORT_DAYS = 3  # of a life too short for more
STATUS_SECONDS = 2.0  # within which 99 % of the answers come, however busy the machine


def live(town: Town, outages: Outages, seconds: float) -> list[Reading]:
    """Live day after day; returns what everything took each evening."""
    end, log, readings = time.monotonic() + seconds, Log(town.daemon), list[Reading]()
    with kept(Watch(town)) as watch:
        while time.monotonic() < end:
            length = min(DAY_SECONDS, seconds / SHORT_DAYS)
            readings.append(day(town, outages, len(readings), length, log))
            print(f"{time.strftime('%X')} day {len(readings)}: {readings[-1]}", flush=True)
    town.count("status, ms, p50", 1000 * watch.quantile(0.5))
    town.count("status, ms, p99", 1000 * watch.quantile(0.99))
    if watch.quantile(0.99) > STATUS_SECONDS:
        town.fault(f"status took {watch.quantile(0.99):.1f} s")
    return readings


@contextmanager
def kept(watch: Watch) -> Iterator[Watch]:
    """Keep watch beside the body."""
    end = Event()
    with ThreadPoolExecutor(1) as one:
        watching = one.submit(watch.keep, end)
        try:
            yield watch
        finally:
            end.set()
    watching.result()


@contextmanager
def ending(dusk: Event, seconds: float) -> Iterator[None]:
    """Let it be dusk after so long, or when the body fails."""
    timer = Timer(seconds, dusk.set)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        dusk.set()


def day(town: Town, outages: Outages, number: int, seconds: float, log: Log) -> Reading:
    """Live a day, judge it, and read the gauges; what was judged is deleted."""
    before, befallen = town.whatsapp.state().messages, happened(town, outages)
    town.dawn = datetime.now(UTC)
    dusk, seed = Event(), f"{town.seed} {number}"
    with ThreadPoolExecutor(len(town.residents)) as operators, ending(dusk, seconds):
        lives = [
            operators.submit(deeds.live, one, f"{seed} {one.label}", dusk) for one in town.residents
        ]
        # In this thread: what it starts ends with the thread that has started it.
        machine.happen(town, outages, seed, dusk)
    for each in lives:
        each.result()
    evening.come(town)
    for status, count in verdict.judge(town, before).items():
        town.count(f"delivery {status}", count)
    reading = gauges.read(town, town.whatsapp.state().messages)
    verdict.forget(town)
    for line in log.unexpected(outage=happened(town, outages) > befallen):
        town.fault(f"log: {line}")
    log.rotate()
    return reading


def happened(town: Town, outages: Outages) -> float:
    """Count how often the daemon was without its database, or its lock."""
    return sum(town.counts[f"happened {each}"] for each in outages)


@contextmanager
def built(where: str, seed: int) -> Iterator[tuple[Town, Outages]]:
    """Start a daemon on an `embedded` PostgreSQL, or on `yours`."""
    with ExitStack() as stack:
        yours = stack.enter_context(running()) if where == "yours" else None
        whatsapp = stack.enter_context(PlayedWhatsApp(decrypt="one"))
        daemon = DaemonProcess(environment(whatsapp, yours.dsn if yours else None) | SETTINGS)
        daemon.environment["XDG_CONFIG_HOME"] = str(daemon.directory / "config")
        stack.enter_context(daemon)
        town = Town(daemon, yours or Embedded(daemon), whatsapp, seed)
        yield town, machine.of_yours(yours) if yours else machine.of_embedded()


def soak(where: str, asked: Namespace) -> Town:
    """Live as long as it was asked for on one database; tells how it was."""
    with built(where, asked.seed) as (town, outages):
        town.settle(asked.accounts, GROUPS, QUIET)
        try:
            readings = live(town, outages, asked.minutes * 60 / len(asked.database))
            evening.pass_by(town)
        except Exception:
            print(f"it came to its end; the daemon's last words:\n{town.daemon.log[-8000:]}")
            raise
    tell(where, town, readings)
    return town


def tell(where: str, town: Town, readings: Sequence[Reading]) -> None:
    """Print what was counted, what has grown, and what was wrong."""
    for what, count in sorted(town.counts.items()):
        print(f"{count:10,.0f} {what}")
    print(growth.HEAD)
    for grown in growth.growths(readings):
        print(grown)
        if grown.is_judged(len(readings)) and not grown.is_within:
            town.fault(f"{grown.gauge} grew from {grown.start:.2f} to {grown.end:.2f}")
    print(f"{where}: {len(readings)} days, {len(town.faults)} faults", flush=True)


def main() -> int:
    """Live as long as the command line says; 1 when anything was wrong."""
    parser = ArgumentParser(prog="python -m campaigns.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=random.randrange(10_000))
    parser.add_argument("--accounts", type=int, default=ACCOUNTS)
    parser.add_argument("--database", choices=DATABASES, nargs="+", default=DATABASES)
    asked = parser.parse_args()
    print(f"seed {asked.seed}, {asked.accounts} accounts, {asked.minutes:g} minutes", flush=True)
    faults = [fault for where in asked.database for fault in soak(where, asked).faults]
    print(f"{len(faults)} faults in all")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
