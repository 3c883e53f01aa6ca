"""QR codes, pairing codes and keys appear in no log, and in no audit entry."""

from __future__ import annotations

import sqlite3

from accounts.stage import Stage

from waremind.requests.daemon import AuditList


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
    places = [directory.parent, directory, *directory.rglob("*")]
    assert {path.stat().st_mode & 0o077 for path in places} == {0}
