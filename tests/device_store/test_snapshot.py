"""Snapshots of a device's keys: what is in them, who can open them, what is none."""

from __future__ import annotations

import sqlite3
import zlib
from base64 import b64encode
from contextlib import closing
from pathlib import Path

import pytest
from device_store.samples import PHONE, counts, make

from waremind.device_store import content, files, snapshot
from waremind.errors import MisconfigurationError, WaremindError

ABOUT = "acc_1 device 3 session 7"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return make(tmp_path / "device.sqlite3", PHONE)


@pytest.mark.parametrize(("taken", "wanted"), [(True, True), (True, False), (False, True)])
def test_a_snapshot_is_the_store_again_with_ratchets_only_where_both_sides_want_them(
    store: Path, tmp_path: Path, *, taken: bool, wanted: bool
) -> None:
    image = snapshot.restored(snapshot.take(store, tmp_path, ratchets=taken), ratchets=wanted)
    with content.loaded(image) as restored:
        found = counts(restored)
        assert content.chosen(restored, None).user == PHONE
    kept = int(taken and wanted)
    assert (found["sessions"], found["sender_keys"], found["pre_keys"]) == (kept, kept, 1)
    assert (PHONE.encode() in image, list(tmp_path.iterdir())) == (True, [store])


def test_a_snapshot_is_taken_while_a_session_writes(store: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(store, isolation_level=None)) as session:
        session.execute("BEGIN IMMEDIATE")
        session.execute("DELETE FROM whatsmeow_pre_keys")
        taken = snapshot.take(store, tmp_path, ratchets=False)
    with content.loaded(snapshot.restored(taken, ratchets=False)) as restored:
        assert counts(restored)["pre_keys"] == 1  # what was not committed is not there


def test_a_seal_is_opened_by_the_same_key_for_the_same_device_alone(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_bytes(b64encode(bytes(range(32))) + b"\n")
    path.chmod(0o600)
    seal = snapshot.read_key(path)
    sealed = seal.close(b"keys", ABOUT)
    assert b"keys" not in sealed
    assert seal.close(b"keys", ABOUT) != sealed
    assert seal.open(sealed, ABOUT) == b"keys"
    for wrong in (
        lambda: seal.open(sealed, "acc_2 device 3 session 7"),
        lambda: snapshot.Seal(bytes(32)).open(sealed, ABOUT),
        lambda: seal.open(sealed[:-1], ABOUT),
        lambda: seal.open(b"", ABOUT),
    ):
        with pytest.raises(WaremindError, match="sealed with another key"):
            wrong()


@pytest.mark.parametrize(
    ("text", "mode", "reason"),
    [
        (None, 0, "No such file or directory"),
        (b64encode(bytes(32)), 0o640, "group or others may read it"),
        (b64encode(bytes(16)), 0o600, "it does not hold 32 bytes in base64"),
        (b64encode(bytes(64)), 0o600, "it does not hold 32 bytes in base64"),
        (b"A", 0o600, "it does not hold 32 bytes in base64"),
    ],
)
def test_a_key_file_that_cannot_be_used_says_why(
    tmp_path: Path, text: bytes | None, mode: int, reason: str
) -> None:
    path = tmp_path / "key"
    if text is not None:
        path.write_bytes(text)
        path.chmod(mode)
    with pytest.raises(MisconfigurationError, match=reason):
        snapshot.read_key(path)


def test_what_is_no_snapshot_is_refused(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = snapshot.take(store, tmp_path, ratchets=False)
    for torn in (b"", b"PK", taken[:-1]):
        with pytest.raises(WaremindError, match="not the whole of one"):
            snapshot.restored(torn, ratchets=False)
    monkeypatch.setattr(files, "LARGEST", 1 << 20)
    with pytest.raises(WaremindError, match="not the whole of one"):
        snapshot.restored(zlib.compress(bytes(2 << 20)), ratchets=False)
