"""Three nodes are upgraded one after another under load, as docs/operating.md says."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from cluster.machine import Machine, blocks
from cluster.node import texts
from cluster.releases import VERSION, next_release
from cluster.sharing import four, shared
from whatsapp_server.harness import PlayedWhatsApp

import waremind
from waremind.requests.node import NodeList
from waremind.requests.reminder import ReminderPause
from waremind.store import migrations

NAMES = ("first", "second", "third")
# On a machine that is busy with something else nothing is soon.
LATE = timedelta(seconds=float(os.environ.get("BOUND", "2")))
EACH_SECOND = f"FREQ=MINUTELY;BYSECOND={','.join(map(str, range(60)))}"
LATENESS = """
    SELECT d.finished_at - r.occurs_at FROM deliveries d JOIN runs r ON r.id = d.run_id
    WHERE r.reminder_id IS NOT NULL ORDER BY 1 DESC
"""
# By these a session is made anew that was lost.
KEYS_FETCHED = "encrypt/get/key"

pytestmark = pytest.mark.timeout(400)


@pytest.fixture
def machines(
    played_whatsapp: PlayedWhatsApp, dsn: str, tmp_path: Path
) -> Iterator[dict[str, Machine]]:
    """Run three nodes, where pip would install the next release."""
    release = next_release(tmp_path)
    found = {name: Machine(played_whatsapp, release) for name in NAMES}
    with ExitStack() as stack:
        for name, machine in found.items():
            stack.callback(machine.close)
            machine.configure(dsn, name)
            machine.start()
        yield found


def versions(machine: Machine) -> dict[str, str]:
    return {node.name: node.version for node in machine.call(NodeList()).nodes}


def test_nodes_are_upgraded_one_after_another_and_nothing_is_late_lost_or_unreadable(
    machines: dict[str, Machine], played_whatsapp: PlayedWhatsApp, dsn: str
) -> None:
    (upgrade,) = blocks(each=True)
    first, *_ = machines.values()
    stages = four(first, played_whatsapp, dsn)
    shared(first, *({**dict.fromkeys(NAMES, 1), name: 2} for name in NAMES))
    for stage in stages:
        stage.send("hello")
    fetched = played_whatsapp.state().counts[KEYS_FETCHED]
    start = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    rule = {"rrule": EACH_SECOND, "start": start, "fields": True}
    reminders = [stage.remind(**rule, text=stage.label + " {n}") for stage in stages]
    for done, (name, machine) in enumerate(machines.items(), start=1):
        machine.type(upgrade, dsn, name)
        found = versions(machine)
        assert sorted(found.values()) == sorted(
            done * [VERSION] + (len(NAMES) - done) * [waremind.__version__]
        )
    for reminder in reminders:
        first.call(ReminderPause(reminder=reminder.id))
    for stage in stages:
        assert set(stage.settled()) == {"sent"}
    shared(first, *({**dict.fromkeys(NAMES, 1), name: 2} for name in NAMES))
    with psycopg.connect(dsn) as connection:
        applied = connection.execute("SELECT number, version FROM schema_migrations").fetchall()
        late = [row[0] for row in connection.execute(LATENESS)]
    worst = late[0].total_seconds()
    print(f"{len(late)} messages, late by {worst:.2f} s at worst")  # noqa: T201 - a figure
    assert applied[-1] == (len(migrations.read()) + 1, VERSION)
    assert late[0] < LATE, late[:20]
    read = texts(played_whatsapp)
    assert read.pop("hello") == len(stages)
    assert set(read.values()) == {1}
    assert len(read) == len(late)
    assert played_whatsapp.state().counts[KEYS_FETCHED] == fetched
    logs = "".join(machine.log for machine in machines.values())
    assert " ratchets=False" not in logs
    assert " outcome unknown" not in logs
    assert "a bug" not in logs
