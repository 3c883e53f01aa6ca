"""The node that has the account does not answer, or has it no longer."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from cluster.node import LEASE_SECONDS, SILENCE_SECONDS, Node
from cluster.test_any_node import rows
from command import run
from daemon_process import until
from postgres_fixtures import own_server
from whatsapp_server.foreign import leave_store
from whatsapp_server.harness import PlayedWhatsApp

from waremind.errors import ErrorCode, WaremindError
from waremind.requests.account import AccountRename
from waremind.requests.reminder import ReminderList

PHONE = "628110000003"
ANSWER_SECONDS = 5 + 3.0  # for it to begin, and some looks


@pytest.fixture
def patient(dsn: str, played_whatsapp: PlayedWhatsApp) -> Iterator[tuple[Node, Node]]:
    """Run two nodes that forgive long hangs."""
    with ExitStack() as stack:
        first, second = (Node(name, played_whatsapp, dsn) for name in ("first", "second"))
        for node in (first, second):
            node.environment["WAREMIND_CLUSTER__LEASE_SECONDS"] = "60"
            stack.enter_context(node)
            until(node.speaks, f"{node.name} to speak")
        yield first, second


def test_a_node_that_does_not_answer_is_named_and_nothing_is_done(
    patient: tuple[Node, Node], dsn: str
) -> None:
    first, second = patient
    first.add("ops")
    first.hang(sessions=False)
    try:
        began = time.monotonic()
        with pytest.raises(WaremindError, match="node first has it, and does not answer") as why:
            second.call(AccountRename(account="ops", label="prod"))
        assert time.monotonic() - began < ANSWER_SECONDS
        assert (why.value.code, why.value.code.exit_code) == (ErrorCode.NODE_UNREACHABLE, 4)
        assert "node first" in why.value.hint
        assert second.show("ops").status == "unpaired"
        assert second.call(ReminderList()).reminders == []
    finally:
        first.go_on()
    assert rows(dsn, "SELECT id FROM commands") == []
    assert second.call(AccountRename(account="ops", label="prod")).changed
    assert first.show("prod").id == second.show("prod").id


def test_a_pairing_ends_when_the_node_is_killed_whose_qr_it_shows(
    nodes: tuple[Node, Node], played_whatsapp: PlayedWhatsApp, dsn: str
) -> None:
    first, second = nodes
    first.add("ops")
    with second.pairing("ops") as pairing:
        pairing.qr()
        first.kill()
        began = time.monotonic()
        with pytest.raises(WaremindError, match="node first, which had it, does not") as why:
            pairing.connected()
        assert time.monotonic() - began < LEASE_SECONDS + 4
        assert why.value.code is ErrorCode.NODE_UNREACHABLE
    until(lambda: second.has("ops"), "the second node to have it", SILENCE_SECONDS)
    played_whatsapp.user(PHONE)
    assert second.pair("ops", played_whatsapp, PHONE).status == "connected"
    assert rows(dsn, "SELECT event FROM command_events") == []


def test_keys_come_and_go_through_the_node_that_has_not_the_account(
    nodes: tuple[Node, Node], played_whatsapp: PlayedWhatsApp, dsn: str, tmp_path: Path
) -> None:
    first, second = nodes
    group = played_whatsapp.group("friends", [PHONE])
    theirs = leave_store(played_whatsapp, tmp_path / "theirs", PHONE, said_to=group)
    theirs.chmod(0o600)
    first.add("ops")
    environment = {**os.environ, "WAREMIND_SOCKET": str(second.socket)}
    taken = run(
        "account", "import", "ops", "--store", str(theirs), "--json", environment=environment
    )
    assert taken.document["account"]["status"] == "connected"
    assert first.show("ops") == second.show("ops")
    ours = tmp_path / "ours.sqlite3"
    given = run(
        "account", "export", "ops", "--copy", "-o", str(ours), "--json", environment=environment
    )
    assert given.code == 0, given
    assert ours.stat().st_size > 0
    assert rows(dsn, "SELECT id FROM commands") == []


def test_a_pairing_goes_on_when_the_node_is_killed_that_shows_its_qr(
    nodes: tuple[Node, Node], played_whatsapp: PlayedWhatsApp, dsn: str
) -> None:
    first, second = nodes
    first.add("ops")
    with second.pairing("ops") as pairing:
        code = pairing.qr()
        second.kill()
        with pytest.raises(WaremindError, match="cannot hear the daemon"):
            pairing.connected()
    played_whatsapp.user(PHONE)
    with first.pairing("ops") as joined:
        assert joined.qr() == code
        played_whatsapp.scan(code, PHONE)
        assert joined.connected().status == "connected"
    second.start()
    assert second.show("ops").status == "connected"
    assert rows(dsn, "SELECT id FROM commands") == []  # with who has asked


def test_a_pairing_that_another_node_shows_outlives_a_restart_of_the_database(
    played_whatsapp: PlayedWhatsApp,
) -> None:
    with own_server() as server:
        dsn = server.start()
        with Node("first", played_whatsapp, dsn) as first:
            until(first.speaks, "the first node to speak")
            first.add("ops")
            with Node("second", played_whatsapp, dsn) as second, second.pairing("ops") as pairing:
                code = pairing.qr()
                server.stop()
                server.start()
                played_whatsapp.user(PHONE)
                played_whatsapp.scan(code, PHONE)
                assert pairing.connected().status == "connected"
