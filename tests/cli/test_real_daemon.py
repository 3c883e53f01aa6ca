"""The command line beside the real daemon, whose neonize talks to a played WhatsApp."""

from __future__ import annotations

import json
import os
import pwd
import subprocess
from collections.abc import Iterator

import daemon_process
import pytest
from cli.conftest import OnTerminal, Waremind
from cli.terminal import Terminal
from command import PROGRAM, Ended
from daemon_process import DaemonProcess
from whatsapp_server.harness import PlayedWhatsApp

OWNER, FRIEND = "4915112345678", "4915187654321"


@pytest.fixture(scope="module")
def whatsapp() -> Iterator[PlayedWhatsApp]:
    """Give a WhatsApp with two people in a group."""
    with PlayedWhatsApp() as whatsapp:
        whatsapp.user(OWNER, "Owner")
        whatsapp.user(FRIEND, "Friend")
        whatsapp.group("Team", [OWNER, FRIEND])
        yield whatsapp


@pytest.fixture(scope="module")
def daemon(whatsapp: PlayedWhatsApp) -> Iterator[DaemonProcess]:
    """Give a daemon that runs for all tests of this module."""
    with DaemonProcess(daemon_process.environment(whatsapp)) as daemon:
        yield daemon


@pytest.fixture
def environment(environment: dict[str, str], daemon: DaemonProcess) -> dict[str, str]:
    """Ask that daemon."""
    return {**environment, "WAREMIND_SOCKET": str(daemon.socket)}


@pytest.fixture
def ops(waremind: Waremind) -> Iterator[str]:
    """Give an account of this test's own, unpaired."""
    assert waremind("account", "add", "ops").code == 0
    yield "ops"
    waremind("account", "delete", "ops", "--yes", "--missing-ok")


def _status(ended: Ended) -> tuple[str, str]:
    account = ended.document["account"]
    return account["status"], account["reason"]


def _scan(terminal: Terminal, whatsapp: PlayedWhatsApp) -> None:
    """Hold the phone's camera before the terminal."""
    terminal.wait_until(lambda: terminal.scan() is not None, "a QR")
    whatsapp.scan(terminal.scan() or "", OWNER)


def test_an_accounts_whole_life_on_a_terminal(
    ops: str, waremind: Waremind, on_terminal: OnTerminal, whatsapp: PlayedWhatsApp
) -> None:
    pairing = on_terminal("account", "pair", ops, columns=90, rows=40)
    _scan(pairing, whatsapp)
    assert pairing.wait_end() == 0
    assert waremind("account", "show", ops, "--exit-status").code == 0
    assert waremind("account", "pair", ops, "--json").document["changed"] is False
    assert [group["name"] for group in waremind("group", "list", "--json").document["groups"]] == [
        "Team"
    ]

    unpaired = waremind("account", "unpair", ops, "--json")
    assert (unpaired.code, unpaired.document["device_removed"]) == (0, True)
    assert _status(waremind("account", "show", ops, "--json")) == ("unpaired", "unpaired")

    again = on_terminal("account", "pair", ops, columns=90, rows=40)
    _scan(again, whatsapp)
    assert again.wait_end() == 0
    deleting = on_terminal("account", "delete", ops)
    deleting.wait_for("Delete account ops with 1 group? [y/N]")
    deleting.type("y\r")
    assert deleting.wait_end() == 0
    assert waremind("account", "show", ops).code == 6


def test_a_code_typed_into_the_phone_pairs_too(
    ops: str, environment: dict[str, str], whatsapp: PlayedWhatsApp
) -> None:
    command = [PROGRAM, "account", "pair", ops, "--phone", f"+{OWNER}", "--json"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for event in map(json.loads, process.stdout):
            if event["type"] == "pair_code":
                whatsapp.enter_code(event["code"], OWNER)
    assert process.returncode == 0
    assert event["type"] == "connected"


def test_leaving_and_joining_shows_the_same_pairing_and_unpair_ends_a_waiting_one(
    ops: str, waremind: Waremind, on_terminal: OnTerminal
) -> None:
    left = on_terminal("account", "pair", ops, columns=90, rows=40)
    left.wait_until(lambda: left.scan() is not None, "a QR")
    left.type("\x03")
    assert left.wait_end() == 130
    assert _status(waremind("account", "show", ops, "--json")) == ("pending", "pairing")
    joined = on_terminal("account", "pair", ops, columns=90, rows=40)
    joined.wait_until(lambda: joined.scan() is not None, "a QR")
    assert waremind("account", "unpair", ops).code == 0
    assert joined.wait_end() == 7
    assert b"cancelled" in joined.written


def test_what_is_asked_again_changes_nothing(ops: str, waremind: Waremind) -> None:
    assert waremind("account", "add", ops).code == 7
    for words in (["add", ops, "--exist-ok"], ["unpair", ops], ["delete", "gone", "--missing-ok"]):
        ended = waremind("account", *words, "--json", *(["--yes"] if "delete" in words else []))
        assert (ended.code, ended.document["changed"]) == (0, False)


def test_a_check_changes_nothing_and_the_real_thing_then_does(waremind: Waremind) -> None:
    assert waremind("account", "add", "later", "--check", "--json").code == 10
    assert waremind("account", "show", "later").code == 6
    assert waremind("account", "add", "later", "--check", "--exist-ok").code == 10
    assert waremind("account", "add", "later").code == 0
    assert waremind("account", "delete", "later", "--check").code == 10
    assert waremind("account", "delete", "later", "--yes").code == 0


def test_who_asked_is_in_the_audit_log_also_when_the_account_is_gone(waremind: Waremind) -> None:
    waremind("account", "add", "short")
    waremind("account", "delete", "short", "--yes")
    newest = waremind("audit", "list", "--limit", "1", "--json").document["audit"][0]
    assert newest["action"] == "account.delete"
    assert newest["target"]["name"] == "short"
    assert newest["detail"] == {"groups": 0, "reminders": 0, "runs": 0}
    me = os.getuid()
    assert newest["operator"] == {"uid": me, "name": pwd.getpwuid(me).pw_name}


@pytest.mark.parametrize(
    ("line", "code", "exit_code"),
    [
        ("account add ''", "invalid_input", 2),
        ("account add " + "x" * 300, "invalid_input", 2),
        ("account add 12345", "invalid_input", 2),
        ("account add acc_0123456789ab", "invalid_input", 2),
        ("account show nobody", "not_found", 6),
        ("account pair ops --phone tomorrow", "invalid_input", 2),
        ("account sync ops", "not_paired", 7),
        ("account rename ops acc_x", "invalid_input", 2),
        ("group show Nowhere", "not_found", 6),
        ("audit list --since yesterday", "invalid_input", 2),
        ("audit list --limit 99999999999999999999", "invalid_input", 2),
        ("run list --limit 99999999999999999999", "invalid_input", 2),
    ],
)
@pytest.mark.usefixtures("ops")
def test_wrong_input_has_its_code_its_sentence_and_its_cure(
    line: str, code: str, exit_code: int, waremind: Waremind
) -> None:
    words = [word.strip("'") for word in line.split(" ")]
    ended = waremind(*words, "--json")
    assert (ended.error["code"], ended.code) == (code, exit_code)
    assert ended.error["message"].startswith("cannot ")
    assert ended.error["hint"]


def test_a_second_daemon_is_refused_with_the_pid_of_the_first(
    waremind: Waremind, daemon: DaemonProcess
) -> None:
    ended = waremind("daemon", WAREMIND_STATE_DIR=str(daemon.state))
    assert ended.code == 7
    assert str(daemon.process.pid) in ended.err
