"""Snapshots of a device's keys: what is in them, what is none."""

from __future__ import annotations

import sqlite3
import zlib
from contextlib import closing
from pathlib import Path

import pytest
from device_store.samples import PHONE, counts, make

from waremind.device_store import content, files, snapshot
from waremind.errors import WaremindError


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
