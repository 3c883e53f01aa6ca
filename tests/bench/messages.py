"""Messages a second of one account through the real neonize: ours, and neonize with nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
from daemon_process import DaemonProcess, environment, until
from whatsapp_server.harness import PlayedWhatsApp

from bench.finding import Finding, Scale
from waremind.requests.account import AccountSync
from waremind.requests.reminder import ReminderAdd
from waremind.store.embedded import EmbeddedPostgres

MEMBERS = 10
OURS, THEIRS = "628110000001", "628110000002"
UNPACED = {"WAREMIND_GOVERNOR__ENABLED": "false"}
WRITE_SECONDS = 0.05  # for a reminder, with much to spare
PATIENCE_SECONDS = 300.0


async def measure(scale: Scale) -> AsyncIterator[Finding]:
    """Send as many messages to a group, by neonize alone and by the daemon, on one server."""
    with PlayedWhatsApp(decrypt="none") as whatsapp:
        group = _group(whatsapp)
        bare = _bare_per_second(whatsapp, group, scale.messages)
        ours = _ours_per_second(whatsapp, group, scale.messages)
        bare_again = _bare_per_second(whatsapp, group, scale.messages)
    claim = f"{scale.messages} messages of one account to a group of {MEMBERS}; bare neonize"
    yield Finding(claim, ours, (bare + bare_again) / 2, "a second", "at least", 0.8)


def _group(whatsapp: PlayedWhatsApp) -> str:
    members = [OURS, THEIRS, *(f"628120000{number:03}" for number in range(MEMBERS - 2))]
    for member in members:
        whatsapp.user(member)
    return whatsapp.group("Ops", members, admins=[OURS])


def _bare_per_second(whatsapp: PlayedWhatsApp, group: str, number: int) -> float:
    whatsapp.unlink(THEIRS)
    paths = [str(whatsapp.overlay), str(Path(__file__).parent.parent)]
    with tempfile.TemporaryDirectory() as directory:
        store = f"{directory}/store.sqlite3"
        command = [sys.executable, "-m", "bench.bare_neonize", store, group, str(number)]
        process = subprocess.Popen(
            command,
            env={**whatsapp.env(), "PYTHONPATH": os.pathsep.join(paths)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        try:
            assert process.stdout
            said = json.loads(process.stdout.readline())
            whatsapp.scan(said["qr"], THEIRS)
            while "seconds" not in said:
                said = json.loads(process.stdout.readline())
            return number / said["seconds"]
        finally:
            process.kill()
            process.communicate()


def _ours_per_second(whatsapp: PlayedWhatsApp, group: str, number: int) -> float:
    with DaemonProcess({**environment(whatsapp), **UNPACED}) as daemon:
        account = daemon.add("ops")
        daemon.pair("ops", whatsapp, OURS)
        with daemon.client() as client:
            client.call(AccountSync(account=account.id))
            at = datetime.now(UTC) + timedelta(seconds=1 + number * WRITE_SECONDS)
            for each in range(number):
                client.call(
                    ReminderAdd(
                        name=f"reminder {each}",
                        account="ops",
                        to=[group],
                        text=f"message {each}",
                        at=at.isoformat(timespec="seconds"),
                        tz="UTC",
                    )
                )
        # Waiting for the last in WhatsApp takes nothing from the daemon.
        whatsapp.wait_messages(len(whatsapp.messages()) + number, timeout=PATIENCE_SECONDS)
        dsn = EmbeddedPostgres(daemon.state / "postgres").dsn
        with psycopg.connect(dsn, autocommit=True) as connection:
            return until(lambda: _rate(connection, number), "the last outcome")


def _rate(connection: psycopg.Connection, number: int) -> float | None:
    """Compute messages a second, from the first that began to the last that ended."""
    found = connection.execute(
        "SELECT count(*) FILTER (WHERE status = 'sent'), max(finished_at) - min(started_at)"
        " FROM deliveries"
    ).fetchone()
    assert found
    sent, took = found
    return number / took.total_seconds() if sent == number else None
