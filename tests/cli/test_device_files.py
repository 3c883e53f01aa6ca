"""`account import` and `account export`: what is asked, and what becomes of the files."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cli import samples
from cli.conftest import Typed
from cli.played_daemon import PlayedDaemon
from device_store.samples import OTHER_PHONE, PHONE, jid, make

from waremind.errors import ErrorCode, WaremindError
from waremind.requests.account import (
    AccountExport,
    AccountExported,
    AccountImport,
    AccountImported,
    Exported,
)
from waremind.requests.upload import Upload, Uploaded

KEYS = b"SQLite format 3\0 and what follows"
OF_A_COPY = Exported("acc_1", "night", samples.NOON, moved=False)


def imported(**differences: Any) -> AccountImported:
    fields = {"changed": True, "account": samples.account(), "device": jid(PHONE), **differences}
    return AccountImported(**fields)


def export(request: AccountExport) -> AccountExported:
    store = {} if request.check or request.arrived else {"store": KEYS}
    return AccountExported(changed=request.move, account=samples.account(), device=7, **store)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return make(tmp_path / "theirs.db", PHONE, OTHER_PHONE)


@pytest.fixture
def taking(played: PlayedDaemon) -> Iterator[PlayedDaemon]:
    """Give a daemon that takes and gives keys."""
    played.answers = {
        Upload: lambda request: Uploaded(request.offset + len(request.data)),
        AccountImport: imported(exported=OF_A_COPY),
        AccountExport: export,
    }
    return played


def test_an_import_hands_over_the_one_device_and_asks_for_it(
    typed: Typed, taking: PlayedDaemon, store: Path
) -> None:
    ended = typed("account", "import", "ops", "--store", str(store), "--device", f"+{PHONE}")
    begun, piece, asked = taking.asked
    assert isinstance(begun, Upload)
    assert isinstance(piece, Upload)
    digest = hashlib.sha256(piece.data).hexdigest()
    assert (begun.sha256, begun.size) == (digest, len(piece.data))
    assert asked == AccountImport(account="ops", store=digest, device=f"+{PHONE}")
    assert PHONE.encode() in piece.data
    assert OTHER_PHONE.encode() not in piece.data
    assert ended.code == 0
    assert ended.err.splitlines() == [
        "account ops is connected as +4915112345678",
        f"it is a copy of account night as of {samples.NOON}: never use that one again",
        "never start the other program with these keys again",
        "its groups: waremind group list --account ops",
    ]


def test_what_an_import_allows_is_asked_as_it_was_typed(
    typed: Typed, taking: PlayedDaemon, store: Path
) -> None:
    options = ["--exclusive", "--new-number", "--timeout", "5s", "--no-wait", "--check"]
    typed("account", "import", "ops", "--store", str(store), "--device", PHONE, *options)
    asked = taking.asked[-1]
    assert isinstance(asked, AccountImport)
    assert (asked.exclusive, asked.new_number, asked.timeout_seconds) == (True, True, 5)
    assert (asked.wait, asked.check) == (False, True)


def test_of_several_devices_none_is_handed_over_without_a_name(
    typed: Typed, taking: PlayedDaemon, store: Path
) -> None:
    ended = typed("account", "import", "ops", "--store", str(store), "--json")
    assert (ended.code, ended.error["code"]) == (2, "ambiguous")
    assert [each["jid"] for each in ended.error["candidates"]] == [jid(PHONE), jid(OTHER_PHONE)]
    assert taking.asked == []


@pytest.mark.parametrize(
    ("how", "asked"),
    [
        ("--copy", [AccountExport(account="ops")]),
        (
            "--move",
            [
                AccountExport(account="ops", move=True),
                AccountExport(account="ops", move=True, arrived=7),
            ],
        ),
    ],
)
def test_an_export_is_a_file_that_only_its_owner_reads(
    typed: Typed, taking: PlayedDaemon, tmp_path: Path, how: str, asked: list[AccountExport]
) -> None:
    (tmp_path / "to").mkdir()
    file = tmp_path / "to/keys"
    ended = typed("account", "export", "ops", how, "-o", str(file), "--json")
    assert ended.code == 0
    assert ended.document["changed"] is (how == "--move")
    assert "store" not in ended.document
    assert taking.asked == asked
    assert file.read_bytes() == KEYS
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(file.parent.iterdir()) == [file]


def test_an_export_that_is_only_checked_leaves_nothing(
    typed: Typed, taking: PlayedDaemon, tmp_path: Path
) -> None:
    file = tmp_path / "keys"
    assert typed("account", "export", "ops", "--copy", "-o", str(file), "--check").code == 0
    typed("account", "export", "ops", "--move", "-o", str(file), "--check")
    assert [request.check for request in taking.asked] == [True, True]
    assert not file.exists()


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (["-o", "keys"], "usage"),
        (["--move", "--copy", "-o", "keys"], "usage"),
        (["--move", "-o", "/dev/null"], "already_exists"),
        (["--move", "-o", "/nowhere/keys"], "invalid_input"),
    ],
)
def test_an_export_that_has_no_place_is_never_asked_for(
    typed: Typed, taking: PlayedDaemon, options: list[str], error: str
) -> None:
    ended = typed("account", "export", "ops", *options, "--json")
    assert ended.error["code"] == error
    assert ended.code == ErrorCode(error).exit_code
    assert taking.asked == []


def test_keys_that_were_written_and_not_let_go_are_told_of(
    typed: Typed, taking: PlayedDaemon, tmp_path: Path
) -> None:
    def paired_anew(request: AccountExport) -> AccountExported | WaremindError:
        return WaremindError(ErrorCode.CONFLICT, "no") if request.arrived else export(request)

    taking.answers[AccountExport] = paired_anew
    file = tmp_path / "keys"
    ended = typed("account", "export", "ops", "--move", "-o", str(file), "--json")
    assert (ended.code, ended.error["message"]) == (7, "no")
    assert ended.error["hint"] == f"the keys are in {file}, and still here: remove one of them"
    assert file.read_bytes() == KEYS
