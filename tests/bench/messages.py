"""Messages a second of one account through the real neonize: ours, and neonize with nothing."""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import psycopg
from daemon_process import DaemonProcess, environment, until
from whatsapp_server.harness import PlayedWhatsApp

from bench.finding import Finding, Scale
from waremind.requests.account import AccountSync
from waremind.requests.reminder import ReminderAdd
from waremind.store.embedded import EmbeddedPostgres

# By how many members a group has. All is on one machine here, where what neonize itself does for a
# small group takes no longer than to write and flush what became of it.
TARGETS = {100: 0.8, 10: 0.6}
OURS, THEIRS = "628110000001", "628110000002"
UNPACED = {"WAREMIND_GOVERNOR__ENABLED": "false"}
ROUND = 20  # messages; both take turns, so that a slow moment of the machine meets both
WRITE_SECONDS = 0.05  # for a reminder, with much to spare

Round = Callable[[], float]  # sends ROUND messages; returns the seconds from the first to the last


async def measure(scale: Scale) -> AsyncIterator[Finding]:
    """Send as many messages to a group, by neonize alone and by the daemon, on one server."""
    for members, target in TARGETS.items():
        with PlayedWhatsApp(decrypt="none") as whatsapp:
            group = _group(whatsapp, members)
            with bare_neonize(whatsapp, THEIRS) as send, _daemon(whatsapp, group) as ours:
                bare = partial(send, group, ROUND)
                bare(), ours()  # the first message to a group sets up keys with each member
                turns = [(bare(), ours()) for _ in range(scale.messages // ROUND)]
        theirs, own = (ROUND / statistics.median(took) for took in zip(*turns, strict=True))
        claim = f"{scale.messages} messages of one account to a group of {members}; bare neonize"
        yield Finding(claim, own, theirs, "a second", "at least", target)


def _group(whatsapp: PlayedWhatsApp, size: int) -> str:
    members = [OURS, THEIRS, *(f"628120000{number:03}" for number in range(size - 2))]
    for member in members:
        whatsapp.user(member)
    return whatsapp.group("Ops", members, admins=[OURS])


@contextlib.contextmanager
def bare_neonize(whatsapp: PlayedWhatsApp, phone: str) -> Iterator[Callable[[str, int], float]]:
    """Pair neonize alone; yields what sends so many messages to a group and says the seconds."""
    paths = [str(whatsapp.overlay), str(Path(__file__).parent.parent)]
    with tempfile.TemporaryDirectory() as directory:
        store = f"{directory}/store.sqlite3"
        process = subprocess.Popen(
            [sys.executable, "-m", "bench.bare_neonize", store],
            env={**whatsapp.env(), "PYTHONPATH": os.pathsep.join(paths)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        try:
            assert process.stdin
            assert process.stdout
            asked, said = process.stdin, process.stdout
            whatsapp.scan(json.loads(said.readline())["qr"], phone)

            def send(group: str, number: int) -> float:
                asked.write(f"{number} {group}\n".encode())
                asked.flush()
                while "seconds" not in (line := json.loads(said.readline())):
                    pass  # another QR, while the first was scanned
                return line["seconds"]

            yield send
        finally:
            process.kill()
            process.communicate()


@contextlib.contextmanager
def _daemon(whatsapp: PlayedWhatsApp, group: str) -> Iterator[Round]:
    with DaemonProcess({**environment(whatsapp), **UNPACED}) as daemon:
        account = daemon.add("ops")
        daemon.pair("ops", whatsapp, OURS)
        daemon.call(AccountSync(account=account.id))
        dsn = EmbeddedPostgres(daemon.state / "postgres").dsn
        with psycopg.connect(dsn, autocommit=True) as connection:

            def send() -> float:
                at = datetime.now(UTC) + timedelta(seconds=1 + ROUND * WRITE_SECONDS)
                due_at = at.replace(microsecond=0)
                seen = len(whatsapp.messages())
                _add_reminders(daemon, group, due_at)
                # Waiting for the last in WhatsApp takes nothing from the daemon.
                whatsapp.wait_messages(seen + ROUND)
                return until(lambda: _took(connection, due_at), "the last outcome")

            yield send


def _add_reminders(daemon: DaemonProcess, group: str, due_at: datetime) -> None:
    with daemon.client() as client:
        for each in range(ROUND):
            client.call(
                ReminderAdd(
                    name=f"{due_at:%T} {each}",
                    account="ops",
                    to=[group],
                    text=f"message {each}",
                    at=due_at.isoformat(),
                    tz="UTC",
                )
            )


def _took(connection: psycopg.Connection, due_at: datetime) -> float | None:
    """Say how many seconds the round due then took, once all of it is sent."""
    found = connection.execute(
        "SELECT count(*) FILTER (WHERE d.status = 'sent'), max(d.finished_at) - min(d.started_at)"
        " FROM deliveries d JOIN runs r ON r.id = d.run_id WHERE r.occurs_at = %s",
        [due_at],
    ).fetchone()
    assert found
    sent, took = found
    return took.total_seconds() if sent == ROUND else None
