"""A release that would leave nodes behind which run changes nothing, and says which they are."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from cluster.machine import Machine
from cluster.releases import VERSION, next_release
from whatsapp_server.harness import PlayedWhatsApp

import waremind
from waremind.requests.node import NodeList
from waremind.store import migrations

APPLIED = "SELECT count(*), max(version) FROM schema_migrations"


@pytest.fixture
def newer(played_whatsapp: PlayedWhatsApp, dsn: str, tmp_path: Path) -> Iterator[Machine]:
    """Give a machine that has a release beside which no older one can go on."""
    release = next_release(tmp_path, compatible_from=len(migrations.read()) + 1)
    machine = Machine(played_whatsapp)
    machine.environment["PYTHONPATH"] = os.pathsep.join(
        (str(release), machine.environment["PYTHONPATH"])
    )
    machine.configure(dsn, "newer")
    try:
        yield machine
    finally:
        machine.close()


def test_a_release_that_nodes_cannot_go_on_beside_waits_until_they_are_stopped(
    played_whatsapp: PlayedWhatsApp, dsn: str, newer: Machine
) -> None:
    older = Machine(played_whatsapp)
    older.configure(dsn, "older")
    with older, psycopg.connect(dsn, autocommit=True) as connection:
        before = connection.execute(APPLIED).fetchone()
        newer.launch()
        assert newer.process.wait(30) == 7
        assert "nodes run that could not go on with it" in newer.log
        assert f"older has {waremind.__version__}" in newer.log
        assert "docs/machines.md" in newer.log
        assert connection.execute(APPLIED).fetchone() == before
        assert [node.name for node in older.call(NodeList()).nodes] == ["older"]
        older.stop()
        newer.start()
        assert [node.version for node in newer.call(NodeList()).nodes] == [VERSION]
