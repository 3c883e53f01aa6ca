"""`make soak`: a busy life for MINUTES, and what must neither grow nor break meanwhile.

The daemon on its embedded PostgreSQL and real children of neonize live days of about a minute. By
day an operator of each account does one thing after the other by chance, and things happen to the
daemon. In the evening all comes to rest, and is looked at:

- every occurrence has one run, and phones saw each message as often as its runs say;
- unpaired accounts are unpaired, the others connected, and nothing of anybody else's is left;
- at no moment is `status` ok while something is overdue;
- the log has no warning that such a life does not explain, and `status` answers in time;
- memory, descriptors, threads, processes, files are what they were after the warm-up.

What chance decides comes from the seed; when the threads run does not.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Event

from daemon_process import DaemonProcess, environment
from whatsapp_server.harness import PlayedWhatsApp

from campaigns.soak import deeds, evening, gauges, growth, machine, verdict
from campaigns.soak.gauges import Reading
from campaigns.soak.log import Log
from campaigns.soak.town import SETTINGS, Town
from campaigns.soak.watch import Watch

ACCOUNTS, QUIET, GROUPS = 7, 2, 3
DAY_SECONDS = 45.0
SHORT_DAYS = 3  # of a life too short for more
OUTAGES = [f"happened {deed.__name__}" for deed in (machine.restart_postgres, machine.steal_lock)]
STATUS_SECONDS = 2.0  # within which 99 % of the answers come, however busy the machine


def live(town: Town, seconds: float) -> list[Reading]:
    """Live day after day; returns what everything took each evening."""
    end, log, readings = time.monotonic() + seconds, Log(town.daemon), list[Reading]()
    with kept(Watch(town)) as watch:
        while time.monotonic() < end:
            readings.append(day(town, len(readings), min(DAY_SECONDS, seconds / SHORT_DAYS), log))
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


def day(town: Town, number: int, seconds: float, log: Log) -> Reading:
    """Live a day, judge it, and read the gauges; what was judged is deleted."""
    before, outages_before = town.whatsapp.state().messages, outages(town)
    town.dawn = datetime.now(UTC)
    dusk, seed = Event(), f"{town.seed} {number}"
    with ThreadPoolExecutor(len(town.residents) + 1) as operators:
        lives = [
            operators.submit(deeds.live, one, f"{seed} {one.label}", dusk) for one in town.residents
        ]
        lives.append(operators.submit(machine.happen, town, seed, dusk))
        dusk.wait(seconds)
        dusk.set()
    for each in lives:
        each.result()
    evening.come(town)
    for status, count in verdict.judge(town, before).items():
        town.count(f"delivery {status}", count)
    reading = gauges.read(town, town.whatsapp.state().messages)
    verdict.forget(town)
    for line in log.unexpected(outage=outages(town) > outages_before):
        town.fault(f"log: {line}")
    log.rotate()
    return reading


def outages(town: Town) -> float:
    """Count how often the daemon was without its database, or its lock."""
    return sum(town.counts[each] for each in OUTAGES)


def tell(town: Town, readings: Sequence[Reading]) -> None:
    """Print what was counted, what has grown, and what was wrong."""
    for what, count in sorted(town.counts.items()):
        print(f"{count:10,.0f} {what}")
    print(growth.HEAD)
    for grown in growth.growths(readings):
        print(grown)
        if grown.is_judged(len(readings)) and not grown.is_within:
            town.fault(f"{grown.gauge} grew from {grown.start:.2f} to {grown.end:.2f}")
    print(f"{len(readings)} days, {len(town.faults)} faults")


def main() -> int:
    """Live as long as the command line says; 1 when anything was wrong."""
    parser = argparse.ArgumentParser(prog="python -m campaigns.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=random.randrange(10_000))
    parser.add_argument("--accounts", type=int, default=ACCOUNTS)
    asked = parser.parse_args()
    print(f"seed {asked.seed}, {asked.accounts} accounts, {asked.minutes:g} minutes", flush=True)
    with PlayedWhatsApp(decrypt="one") as whatsapp:
        daemon = DaemonProcess(environment(whatsapp) | SETTINGS)
        daemon.environment["XDG_CONFIG_HOME"] = str(daemon.directory / "config")
        with daemon:
            town = Town(daemon, whatsapp, asked.seed)
            town.settle(asked.accounts, GROUPS, QUIET)
            readings = live(town, asked.minutes * 60)
            evening.pass_by(town)
    tell(town, readings)
    return 1 if town.faults else 0


if __name__ == "__main__":
    sys.exit(main())
