"""QR codes, pairing codes and keys appear in no log, and in no audit entry."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from accounts.stage import Stage, stage
from daemon_process import DaemonProcess, environment
from whatsapp_server.harness import PlayedWhatsApp

from waremind.requests.daemon import AuditList, Status
from waremind.requests.reminder import ReminderNext


def keys(stage: Stage) -> list[bytes]:
    """Read every secret from the store of the account's device."""
    [directory] = stage.files
    store = stage.daemon.state / "sessions" / stage.account.id / directory / "device.sqlite3"
    with sqlite3.connect(f"file:{store}?mode=ro", uri=True) as database:
        row = database.execute(
            "SELECT noise_key, identity_key, signed_pre_key, adv_key FROM whatsmeow_device"
        ).fetchone()
    database.close()
    return list(row)


@contextmanager
def unremovable(directory: Path) -> Iterator[None]:
    """Make a directory that nobody can remove meanwhile, not even root."""
    directory.mkdir()
    if os.geteuid() == 0:
        mounting = ["mount", "-t", "tmpfs", "tmpfs", directory]
        if subprocess.run(mounting, check=False, capture_output=True).returncode:
            pytest.skip("this root may not mount")
        yield
        subprocess.run(["umount", directory], check=True)
    else:
        (directory / "x").touch()
        directory.chmod(0o500)
        yield
        directory.chmod(0o700)


def test_a_life_s_secrets_are_in_no_log_and_no_audit_entry(alone: Stage) -> None:
    with alone.daemon.pairing(alone.label) as pairing:
        qr = pairing.qr()
        alone.whatsapp.scan(qr, alone.phone)
        pairing.connected()
    secrets = keys(alone)
    alone.daemon.unpair(alone.label)
    with alone.daemon.pairing(alone.label, phone=alone.phone) as pairing:
        code = pairing.code()
        alone.whatsapp.enter_code(code, alone.phone)
        pairing.connected()
    secrets += keys(alone)
    told = alone.daemon.log + repr(alone.daemon.call(AuditList(limit=0)))
    assert alone.label in told
    fragments = [*qr.split("#")[1].split(",")[:4], code, code.replace("-", "")]
    assert [part for part in fragments if part in told] == []
    assert [key for key in secrets if key.hex() in told or repr(key)[2:-1] in told] == []


def test_the_files_of_an_account_are_for_the_daemon_alone(shared: Stage) -> None:
    shared.pair()
    directory = shared.daemon.state / "sessions" / shared.account.id
    # Root's daemon lets its sessions, which are nobody's, pass to where only they can enter.
    passing = 0o011 if os.geteuid() == 0 else 0
    assert {path.stat().st_mode & 0o077 for path in (directory.parent, directory)} == {passing}
    assert {path.stat().st_mode & 0o077 for path in directory.rglob("*")} == {0}


def test_no_process_is_told_more_than_it_needs(played_whatsapp: PlayedWhatsApp) -> None:
    secrets = {"A_SECRET": "hunter2", "PGPASSWORD": "hunter2"}
    with DaemonProcess(environment(played_whatsapp) | secrets) as daemon:
        stage(daemon, played_whatsapp).pair()
        daemon.call(ReminderNext(rrule="FREQ=DAILY", start="2026-12-01T09:00", tz="UTC"))
        processes = daemon.processes()
        told = [pid for pid in processes if b"hunter2" in Path(f"/proc/{pid}/environ").read_bytes()]
    commands = " ".join(processes.values())
    assert all(each in commands for each in ("fork_server", "rules.worker", "postgres"))
    assert told == []


def test_keys_that_cannot_be_removed_need_a_person(alone: Stage) -> None:
    alone.pair()
    [device] = alone.files
    directory = alone.daemon.state / "sessions" / alone.account.id / device
    with unremovable(directory / "left"):
        alone.daemon.unpair(alone.label)
        attention = alone.daemon.call(Status()).attention
    [entry] = [each for each in attention if each.code == "keys_left"]
    assert (entry.kind, entry.severity) == ("daemon", "critical")
    assert entry.fix == f"rm -r {directory}"
    shutil.rmtree(directory)
    assert entry not in alone.daemon.call(Status()).attention
