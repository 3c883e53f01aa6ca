"""Files that are no store, each with its own sentence; and those that are one, with their log."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from device_store.samples import PHONE, counts, make

from waremind.cli import device_files
from waremind.device_store import content, files
from waremind.errors import ErrorCode, WaremindError


def other_program(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE moz_places (url TEXT)")
    path.chmod(0o600)


def cut(path: Path) -> None:
    os.truncate(make(path, PHONE), 8192)


def overwritten(path: Path) -> None:
    with make(path, PHONE).open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(path.stat().st_size - 4096))


def without_log(path: Path) -> None:
    with closing(sqlite3.connect(make(path.with_name("live"), journal="WAL"))) as live:
        live.execute("PRAGMA wal_autocheckpoint = 0")
        live.execute("CREATE TABLE more (n)")
        shutil.copy(path.with_name("live"), path)
        shutil.copy(path.with_name("live-shm"), path.with_name(f"{path.name}-shm"))


def with_nothing_but_a_log(path: Path) -> None:
    with closing(sqlite3.connect(path.with_name("live"))) as live:
        live.execute("PRAGMA journal_mode = WAL")
        live.execute("CREATE TABLE whatsmeow_device (jid TEXT)")
        shutil.copy(path.with_name("live"), path)


WRONG: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (lambda _: None, "there is no file "),
    "empty": (Path.touch, "it is empty"),
    "text": (lambda path: path.write_text("keys\n" * 99), "it is not a SQLite database"),
    "a directory": (Path.mkdir, "is not a regular file"),
    "a pipe": (os.mkfifo, "is not a regular file"),
    "another program's": (other_program, "it is of another program: no such table"),
    "a newer schema": (
        lambda path: make(path, PHONE, schema=(20, 16)),
        "its schema is 16, and this engine reads up to 15",
    ),
    "no device": (make, "no device is linked in it"),
    "truncated": (cut, r"it ends too early, after 8192 of \d+ bytes"),
    "damaged": (overwritten, "it is damaged: "),
    "its log missing": (without_log, "a part of it is in its write-ahead log, store-wal, which is"),
    "all of it in a log that is missing": (with_nothing_but_a_log, "in its write-ahead log"),
}


@pytest.mark.parametrize(("made", "reason"), WRONG.values(), ids=WRONG)
def test_a_file_that_cannot_be_imported_says_why_and_how_to_go_on(
    tmp_path: Path, made: Callable[[Path], object], reason: str
) -> None:
    made(tmp_path / "store")
    with pytest.raises(WaremindError, match=reason) as refused:
        device_files.image_of(tmp_path / "store", None, exclusive=False)
    assert refused.value.message.startswith("cannot ")
    assert refused.value.code is not ErrorCode.INTERNAL
    assert refused.value.hint


def test_what_everybody_can_read_is_refused_and_not_what_only_its_owner_comes_to() -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as directory:
        path = make(Path(directory) / "store", PHONE)
        path.chmod(0o644)
        device_files.image_of(path, None, exclusive=False)
        path.parent.chmod(0o711)
        with pytest.raises(WaremindError, match="everybody on this machine can read") as refused:
            device_files.image_of(path, None, exclusive=False)
    assert refused.value.code is ErrorCode.PERMISSION_DENIED
    assert refused.value.hint.startswith(f"chmod 600 {path}; ")


def test_a_store_is_read_with_its_log_and_stays_as_it_is(tmp_path: Path) -> None:
    path = make(tmp_path / "db", PHONE, journal="WAL")
    with closing(sqlite3.connect(path, isolation_level=None)) as live:
        live.execute("PRAGMA wal_autocheckpoint = 0")
        live.execute("DELETE FROM whatsmeow_pre_keys")
        before = {each.name: each.read_bytes() for each in tmp_path.iterdir()}
        assert len(before) == 3
        with files.opened(path) as store:
            assert content.chosen(store, None).user == PHONE
            assert counts(store)["pre_keys"] == 0
        assert {each.name: each.read_bytes() for each in tmp_path.iterdir()} == before


def test_a_store_whose_program_was_stopped_needs_no_log(tmp_path: Path) -> None:
    path = make(tmp_path / "db", PHONE, journal="WAL")
    with files.opened(path) as store:
        assert content.chosen(store, None).user == PHONE


def test_a_link_is_followed_for_an_operator_and_for_nobody_else(tmp_path: Path) -> None:
    make(tmp_path / "db", PHONE)
    (tmp_path / "link").symlink_to("db")
    assert device_files.image_of(tmp_path / "link", None, exclusive=False)
    with pytest.raises(WaremindError), files.opened(tmp_path / "link"):
        pass


def test_a_store_that_changes_all_the_time_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make(tmp_path / "db", PHONE)
    unchanged = files._is_unchanged

    def busy(source: str, copy: str) -> bool:
        with path.open("ab") as file:
            file.write(b"more")
        return unchanged(source, copy)

    monkeypatch.setattr(files, "_is_unchanged", busy)
    with pytest.raises(WaremindError, match="changes meanwhile") as refused, files.opened(path):
        pass
    assert refused.value.code is ErrorCode.CONFLICT


def test_nothing_is_left_of_the_private_copy(tmp_path: Path) -> None:
    make(tmp_path / "db", PHONE)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with files.opened(tmp_path / "db", scratch):
        [copy] = scratch.iterdir()
        assert stat.S_IMODE(copy.stat().st_mode) == 0o700
    assert not list(scratch.iterdir())


def test_what_nobody_vouches_for_has_bounds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make(tmp_path / "db", PHONE)
    os.truncate(path, 8 << 20)
    with (
        pytest.raises(WaremindError, match="larger than 1 MiB"),
        files.opened(path, largest=1 << 20),
    ):
        pass
    with closing(sqlite3.connect(tmp_path / "endless")) as store:
        store.execute(
            "CREATE VIEW whatsmeow_device AS WITH RECURSIVE n (m) AS"
            " (SELECT 1 UNION ALL SELECT m + 1 FROM n) SELECT m AS jid, m AS lid, m AS push_name,"
            " m AS identity_key, m AS signed_pre_key, m AS signed_pre_key_sig FROM n WHERE m < 0"
        )
        store.execute("CREATE TABLE whatsmeow_version (version, compat)")
    monkeypatch.setattr(files, "PATIENCE_SECONDS", 0.05)
    with (
        files.opened(tmp_path / "endless") as store,
        pytest.raises(WaremindError, match="it is damaged: interrupted"),
    ):
        content.chosen(store, None)
