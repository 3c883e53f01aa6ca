"""What a node needs a person for: its clock, accounts that no node has, keys that are not kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from delivery.clockwork import NOBODY, Engine, engine

from waremind import config
from waremind.daemon.api.handlers.node import move
from waremind.daemon.status.doctor.rounds import examine_running
from waremind.daemon.status.report import status_report
from waremind.daemon.system.settings import LiveSettings
from waremind.errors import WaremindError
from waremind.requests.account import AccountMove

pytestmark = pytest.mark.anyio

MINUTE = timedelta(minutes=1)


async def needs(playing: Engine) -> dict[str, str]:
    """List what needs a person, by code with its severity."""
    report = await status_report(playing.daemon)
    return {need.code: need.severity for need in report.attention if need.code != "engine_old"}


async def test_status_and_doctor_tell_of_what_only_a_cluster_needs(
    dsn: str, tmp_path: Path
) -> None:
    async with engine(dsn, tmp_path, datetime.now(UTC)) as playing:
        await playing.wait_for("SELECT 1 FROM accounts WHERE state = 'connected'")
        become_node(playing, dsn)  # which has kept no keys so far
        assert await needs(playing) == {}
        await playing.sql("UPDATE accounts SET node_id = NULL")
        assert await needs(playing) == {}
        playing.clock.pass_to(datetime.now(UTC) + MINUTE)
        assert await needs(playing) == {
            "clock_off": "critical",
            "without_node": "warning",
            "snapshot_old": "warning",
        }
        checks = {each.check: each for each in await examine_running(playing.daemon)}
        assert "60 s ahead of the database's" in checks["clocks"].text
        assert {name: checks[name].status for name in ("connection", "nodes", "replication")} == {
            "connection": "ok",
            "nodes": "ok",
            "replication": "ok",
        }
        await playing.sql(
            "INSERT INTO nodes (id, name, version, engine, beat_at, started_at)"
            " VALUES ('nod_west', 'west', '0.1', '0.4', now(), now())"
        )
        checks = {each.check: each for each in await examine_running(playing.daemon)}
        assert "west has 0.4; fine while you upgrade" in checks["nodes"].text
        assert checks["nodes"].status == "ok"
        playing.clock.pass_to(datetime.now(UTC) + timedelta(days=2))
        checks = {each.check: each for each in await examine_running(playing.daemon)}
        assert "west has 0.4" in checks["nodes"].text
        assert checks["nodes"].status == "warning"
        playing.clock.pass_to(datetime.now(UTC) - timedelta(seconds=10))
        assert (await needs(playing))["clock_off"] == "warning"


async def test_keys_of_an_engine_that_no_node_has_are_told_where_they_are(
    dsn: str, tmp_path: Path
) -> None:
    async with engine(dsn, tmp_path, datetime.now(UTC)) as playing:
        await playing.wait_for("SELECT 1 FROM accounts WHERE state = 'connected'")
        become_node(playing, dsn)
        await playing.sql(
            "INSERT INTO device_snapshots (account_id, device, session, ratchets, store, engine,"
            " written_at) SELECT id, device, session, false, '', '99.0', now() FROM accounts"
        )
        await playing.sql(
            "INSERT INTO nodes (id, name, version, engine, draining, beat_at, started_at)"
            " VALUES ('nod_west', 'west', '0.1', '99.0', true, now(), now())"
        )
        await playing.sql("UPDATE accounts SET node_id = 'nod_west'")
        report = await status_report(playing.daemon)
        (need,) = (each for each in report.attention if each.code == "engine_missing")
        assert need.text.startswith(
            "engine 99.0 wrote its keys, and no other node has it: it stays"
        )
        notes = {node.name: node.note for node in report.nodes}
        assert "engine 99.0 wrote the keys of 1" in (notes.pop("west") or "")
        assert set(notes.values()) == {None}
        label = need.name or ""
        with pytest.raises(WaremindError, match=r"engine 99\.0 wrote its keys, and node"):
            await move(playing.daemon, NOBODY, AccountMove(account=label, node=next(iter(notes))))
        await playing.sql("UPDATE nodes SET draining = false")
        assert "engine_missing" not in await needs(playing)
        await playing.sql("DELETE FROM nodes WHERE name = 'west'")
        assert "engine_missing" not in await needs(playing)
        playing.clock.pass_to(playing.clock.now() + MINUTE)
        assert (await needs(playing))["engine_missing"] == "warning"


def become_node(playing: Engine, dsn: str) -> None:
    """Let a daemon that runs think that it is one of several."""
    flags = {"cluster": {"name": "east"}, "database": {"url": dsn}}
    settings = LiveSettings(config.load(None, flags))
    runtime = replace(playing.daemon.runtime, current=settings)
    playing.daemon = replace(playing.daemon, runtime=runtime)
