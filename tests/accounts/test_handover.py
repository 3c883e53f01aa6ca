"""Devices that another program has linked: taken over without a QR, and given away again."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import subprocess
from contextlib import closing
from pathlib import Path

import pytest
from accounts.stage import Stage
from command import PROGRAM, Ended, run
from daemon_process import until
from device_store.samples import OTHER_PHONE, make
from whatsapp_server.client import Client
from whatsapp_server.foreign import leave_store

from waremind.device_store.content import ENGINE_SCHEMA
from waremind.requests.daemon import AuditList

FRIEND = "6282200000001"
GROUPS = 20


def waremind(stage: Stage, *arguments: str | Path) -> Ended:
    environment = {**os.environ, "WAREMIND_SOCKET": str(stage.daemon.socket)}
    return run(*map(str, arguments), "--json", environment=environment)


def say(stage: Stage, label: str, group: str) -> Ended:
    return waremind(stage, "send", "--account", label, "--to", group, "--text", "halo")


def audited(stage: Stage, account: str) -> list[tuple[str, dict[str, object]]]:
    entries = stage.daemon.call(AuditList()).audit
    mine = [each for each in reversed(entries) if each.target.id == account]
    return [(each.action, each.detail) for each in mine if each.action.endswith("port")]


@pytest.fixture
def groups(shared: Stage) -> list[str]:
    shared.whatsapp.user(FRIEND, devices=2)
    members = [shared.phone, FRIEND]
    return [shared.whatsapp.group(f"{shared.label} {n}", members) for n in range(GROUPS)]


@pytest.fixture
def store(shared: Stage, groups: list[str], tmp_path: Path) -> Path:
    """Return the store of another program: its device has said something, and more since."""
    path = leave_store(shared.whatsapp, tmp_path / "theirs", shared.phone, said_to=groups[0])
    shutil.copy(path, tmp_path / "stale.sqlite3")
    with Client(shared.whatsapp, path.parent) as other:
        other.wait("Connected")
        other.call("send", to=groups[0], text="one message ahead")
    (tmp_path / "stale.sqlite3").chmod(0o600)
    return tmp_path / "stale.sqlite3"


def test_another_programs_device_sends_at_once_and_moves_on(
    shared: Stage, store: Path, groups: list[str], tmp_path: Path
) -> None:
    before = store.read_bytes()
    checked = waremind(shared, "account", "import", shared.label, "--store", store, "--check")
    assert (checked.code, checked.document["check"], shared.account.status) == (
        10,
        True,
        "unpaired",
    )

    imported = waremind(shared, "account", "import", shared.label, "--store", store)
    account = imported.document["account"]
    assert (imported.code, account["status"], account["phone"]) == (
        0,
        "connected",
        f"+{shared.phone}",
    )
    assert imported.document["device"] == f"{shared.phone}:1@s.whatsapp.net"
    assert store.read_bytes() == before
    assert len(shared.listed) == 1
    [session] = shared.files
    keys = shared.daemon.state / "sessions" / account["id"] / session
    assert [stat.S_IMODE(path.stat().st_mode) for path in (keys, keys / "device.sqlite3")] == [
        0o700,
        0o600,
    ]

    assert say(shared, shared.label, groups[0]).code == 0
    assert say(shared, shared.label, groups[-1]).code == 0
    for group in (groups[0], groups[-1]):
        message = shared.whatsapp.wait_messages(1, group)[-1]
        assert (message.text, message.errors) == ("halo", {})
    until(lambda: len(shared.groups()) == GROUPS, "the groups")

    second = shared.another()
    unmarked = waremind(shared, "account", "import", second.label, "--store", store)
    assert (unmarked.code, unmarked.error["code"]) == (7, "conflict")
    assert f"a copy of the keys that account '{shared.label}' uses" in unmarked.error["message"]
    assert shared.account.status == "connected"

    copied = waremind(shared, "account", "export", shared.label, "--copy", "-o", tmp_path / "copy")
    assert (copied.code, copied.document["changed"]) == (0, False)
    assert "store" not in copied.document
    assert stat.S_IMODE((tmp_path / "copy").stat().st_mode) == 0o600
    clash = waremind(
        shared, "account", "import", second.label, "--store", tmp_path / "copy", "--new-number"
    )
    assert (clash.code, clash.error["code"]) == (7, "conflict")
    assert f"a copy of the keys that account '{shared.label}' uses" in clash.error["message"]

    moved = waremind(shared, "account", "export", shared.label, "--move", "-o", tmp_path / "moved")
    assert (moved.code, moved.document["changed"]) == (0, True)
    assert (shared.account.status, shared.account.reason) == ("unpaired", "unpaired")
    until(lambda: shared.files == [], "the keys to go")
    assert len(shared.listed) == 1  # it is moved, not unlinked

    again = waremind(shared, "account", "import", second.label, "--store", tmp_path / "moved")
    assert again.document["account"]["status"] == "connected"
    assert again.document["exported"]["moved"] is True
    assert say(shared, second.label, groups[1]).code == 0
    assert shared.whatsapp.wait_messages(1, groups[1])[-1].errors == {}
    assert second.daemon.unpair(second.label).device_removed
    assert not shared.listed

    assert audited(shared, account["id"]) == [
        ("account.import", {"jid": f"{shared.phone}@s.whatsapp.net", "exclusive": False}),
        ("account.export", {"move": False}),
        ("account.export", {"move": True}),
        ("account.export", {"move": True, "arrived": True}),
    ]


def test_a_program_that_was_stopped_gives_its_ratchets_and_what_is_in_its_log(
    shared: Stage, groups: list[str], tmp_path: Path
) -> None:
    path = leave_store(shared.whatsapp, tmp_path, shared.phone, said_to=groups[0])
    path.chmod(0o600)
    with closing(sqlite3.connect(path, isolation_level=None)) as theirs:
        theirs.execute("PRAGMA journal_mode = WAL")
        theirs.execute("PRAGMA wal_autocheckpoint = 0")
        theirs.execute("UPDATE whatsmeow_device SET push_name = 'from the log'")
        result = waremind(shared, "account", "import", shared.label, "--store", path, "--exclusive")
    assert result.document["account"]["push_name"] == "from the log"
    assert say(shared, shared.label, groups[0]).code == 0
    assert shared.whatsapp.wait_messages(2, groups[0])[-1].errors == {}


def test_the_engine_reads_the_schema_that_is_let_in(store: Path) -> None:
    with closing(sqlite3.connect(store)) as theirs:
        [(schema, _)] = theirs.execute("SELECT * FROM whatsmeow_version").fetchall()
    assert schema == ENGINE_SCHEMA


def test_another_program_that_comes_back_is_a_conflict(shared: Stage, store: Path) -> None:
    environment = {**os.environ, "WAREMIND_SOCKET": str(shared.daemon.socket)}
    command = [PROGRAM, "account", "import", shared.label, "--store", store, "--json"]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as importing:
        shared.whatsapp.wait_online(shared.phone)
        shared.whatsapp.replace(shared.phone)
        out, err = importing.communicate()
    assert (importing.returncode, out) == (7, b"")
    assert b'"code":"conflict"' in err
    assert b"another program took over the session" in err


def test_a_device_that_the_phone_has_removed_leaves_the_account_unpaired(
    shared: Stage, store: Path
) -> None:
    shared.whatsapp.unlink(shared.phone)
    refused = waremind(shared, "account", "import", shared.label, "--store", store)
    assert (refused.code, refused.error["code"]) == (9, "refused")
    assert (shared.account.status, shared.account.reason) == ("unpaired", "logged_out")
    until(lambda: shared.files == [], "the keys to go")


def test_nothing_is_taken_over_that_would_hurt_what_is_there(shared: Stage, tmp_path: Path) -> None:
    theirs = make(tmp_path / "theirs", OTHER_PHONE)
    shared.pair()
    busy = waremind(shared, "account", "import", shared.label, "--store", theirs)
    assert (busy.code, busy.error["code"]) == (7, "conflict")
    assert shared.account.status == "connected"
    shared.daemon.unpair(shared.label)
    other = waremind(shared, "account", "import", shared.label, "--store", theirs)
    assert (other.code, other.error["code"]) == (7, "different_number")
    gone = waremind(shared, "account", "export", shared.label, "--copy", "-o", tmp_path / "none")
    assert (gone.code, gone.error["code"]) == (7, "not_paired")
    assert not (tmp_path / "none").exists()
    assert shared.account.status == "unpaired"
