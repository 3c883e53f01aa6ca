"""`make full-node`: so many accounts on one node, each with its session.

All are paired by a QR, the daemon is started again, waits, and then a reminder of each is due at
one moment. What is told are times, memory and CPU on this machine, where the played WhatsApp runs
too; what has to hold is that all connect, and that each message arrives once and can be read.
"""

from __future__ import annotations

import statistics
import sys
import time
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta

from bench.queue import cpu_seconds, cpu_seconds_since
from daemon_process import DaemonProcess, environment, until
from delivery.stage import UNGOVERNED, Stage
from whatsapp_server.harness import PlayedWhatsApp

from campaigns.soak.gauges import descendants, private_mb
from waremind.requests.account import AccountList

AT_ONCE = 4  # phones that scan
PATIENCE_SECONDS = 1800
REST_SECONDS = 60
AHEAD_SECONDS = 60  # of the moment at which all send, so that all reminders are there by then


@contextmanager
def timed(what: str, accounts: int) -> Iterator[None]:
    began = time.monotonic()
    yield
    took = time.monotonic() - began
    print(f"{what}: {took:.1f} s, {1000 * took / accounts:.0f} ms each", flush=True)


def settle(stages: Iterable[Stage]) -> None:
    """Have accounts, each with a group, linked."""

    def one(stage: Stage) -> None:
        stage.daemon.add(stage.label)
        stage.group()
        stage.pair()

    with ThreadPoolExecutor(AT_ONCE) as phones:
        list(phones.map(one, stages))  # raises what kept one


def connected(daemon: DaemonProcess, accounts: int) -> None:
    def are() -> bool:
        found = Counter(each.status for each in daemon.call(AccountList(all=True)).accounts)
        return found == {"connected": accounts}

    until(are, "all to be connected", PATIENCE_SECONDS)


def weigh(daemon: DaemonProcess) -> None:
    """Tell what waiting takes: memory, and CPU of one core."""
    parts = {
        "daemon": [daemon.process.pid],
        "PostgreSQL": descendants([daemon.postgres()]),
        "sessions": daemon.children(),
    }
    before = {name: cpu_seconds(pids) for name, pids in parts.items()}
    time.sleep(REST_SECONDS)
    for name, pids in parts.items():
        used = cpu_seconds_since(before[name]) / REST_SECONDS
        sizes = [mb for pid in pids if (mb := private_mb(pid))]
        print(
            f"{name}: {len(sizes)} processes, {sum(sizes):.0f} MB,"
            f" median {statistics.median(sizes):.1f} MB; {used:.1%} of a core",
            flush=True,
        )


def send(whatsapp: PlayedWhatsApp, stages: list[Stage]) -> None:
    """Have all send at one moment, and tell how late the phones got it."""
    due = (datetime.now(UTC) + timedelta(seconds=AHEAD_SECONDS)).replace(microsecond=0)
    for stage in stages:
        stage.remind(at=due.isoformat(), text=stage.label)
    assert datetime.now(UTC) < due, "the reminders were there too late: a longer AHEAD_SECONDS"
    messages = whatsapp.wait_messages(len(stages), timeout=PATIENCE_SECONDS)
    late = sorted(message.at - due.timestamp() for message in messages)
    assert late[0] >= 0, "nothing leaves too early"
    read = Counter(text for message in messages for text in set(message.texts.values()))
    assert read == dict.fromkeys((stage.label for stage in stages), 1), "each arrives once"
    median, most = statistics.median(late), late[int(0.99 * len(late))]
    print(f"late: median {median:.2f} s, p99 {most:.2f} s, worst {late[-1]:.2f} s", flush=True)


def main() -> int:
    """Fill a node, as the command line says."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=1000)
    accounts = parser.parse_args().accounts
    with ExitStack() as life:
        whatsapp = life.enter_context(PlayedWhatsApp(decrypt="one"))
        daemon = life.enter_context(DaemonProcess(environment(whatsapp) | UNGOVERNED))
        stages = [
            Stage(daemon, whatsapp, "", f"account {number}", f"62811{number:07}")
            for number in range(accounts)
        ]
        with timed("paired", accounts):
            settle(stages)
        daemon.stop()
        with timed("started again, until all are connected", accounts):
            daemon.start()
            connected(daemon, accounts)
        weigh(daemon)
        send(whatsapp, stages)
    return 0


if __name__ == "__main__":
    sys.exit(main())
