"""What becomes of a store on its way here: one device, checked, and nothing else that was in it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from device_store.samples import OTHER_PHONE, PHONE, counts, jid, make

from waremind.device_store import content, files
from waremind.device_store.content import Mark
from waremind.errors import ErrorCode, WaremindError

MARK = Mark("acc_1", "ops", "2026-12-01T12:00:00+01:00", moved=False)


@pytest.mark.parametrize("name", [jid(PHONE), PHONE, f"+{PHONE}", f"{PHONE}@s.whatsapp.net"])
def test_one_device_is_kept_of_several_and_no_ratchets(tmp_path: Path, name: str) -> None:
    with files.opened(make(tmp_path / "db", PHONE, OTHER_PHONE)) as store:
        device = content.chosen(store, name)
        content.refuse_foreign_keys(device)
        content.keep_only(store, device, ratchets=False)
        assert counts(store) == {
            "version": 1,
            "device": 1,
            "sessions": 0,
            "sender_keys": 0,
            "pre_keys": 1,
            "message_secrets": 0,
            "lid_map": 0,
        }
        image = store.serialize()
        with content.loaded(image) as again:
            assert content.chosen(again, None) == device
    assert (device.phone, device.number) == (f"+{PHONE}", "7")
    assert (device.jid, device.account_lid) == (f"{PHONE}@s.whatsapp.net", f"1{PHONE}@lid")
    for gone in (OTHER_PHONE.encode(), b"a secret of theirs"):
        assert gone not in image


def test_ratchets_can_come_along(tmp_path: Path) -> None:
    with files.opened(make(tmp_path / "db", PHONE)) as store:
        content.keep_only(store, content.chosen(store, None), ratchets=True)
        kept = counts(store)
    assert (kept["sessions"], kept["sender_keys"], kept["message_secrets"]) == (1, 1, 0)


def test_several_devices_are_named(tmp_path: Path) -> None:
    with files.opened(make(tmp_path / "db", PHONE, OTHER_PHONE)) as store:
        with pytest.raises(WaremindError) as ambiguous:
            content.chosen(store, None)
        with pytest.raises(WaremindError, match=r"cannot find device '62999'") as missing:
            content.chosen(store, "62999")
    assert ambiguous.value.code is ErrorCode.AMBIGUOUS
    assert ambiguous.value.details["candidates"] == [
        {"jid": jid(phone), "name": f"bot {phone}"} for phone in (PHONE, OTHER_PHONE)
    ]
    assert missing.value.code is ErrorCode.NOT_FOUND
    assert missing.value.hint == f"there is {jid(PHONE)} or {jid(OTHER_PHONE)}"


@pytest.mark.parametrize("column", ["identity_key", "signed_pre_key", "signed_pre_key_sig"])
@pytest.mark.parametrize("value", ["zeroblob(64)", "randomblob(32)", "'text'", "NULL"])
def test_keys_that_do_not_belong_together_are_refused(
    tmp_path: Path, column: str, value: str
) -> None:
    path = make(tmp_path / "db", PHONE)
    with closing(sqlite3.connect(path)) as store, store:
        store.execute(f"UPDATE whatsmeow_device SET {column} = {value}")  # noqa: S608 - ours
    with (
        files.opened(path) as store,
        pytest.raises(WaremindError, match="its keys do not belong together"),
    ):
        content.refuse_foreign_keys(content.chosen(store, None))


def test_an_export_says_whose_it_is_until_that_is_taken_out(tmp_path: Path) -> None:
    with files.opened(make(tmp_path / "db", PHONE)) as store:
        assert content.take_mark(store) is None
        content.mark(store, MARK)
        content.keep_only(store, content.chosen(store, None), ratchets=False)
        assert content.take_mark(store) == MARK
        assert content.take_mark(store) is None


@pytest.mark.parametrize(
    ("journal", "size", "reason"),
    [("WAL", None, "write-ahead log"), ("", 8192, "ends too early"), ("", 0, "it is empty")],
)
def test_what_is_handed_over_is_refused_as_a_file_is(
    tmp_path: Path, journal: str, size: int | None, reason: str
) -> None:
    image = make(tmp_path / "db", PHONE, journal=journal).read_bytes()[:size]
    with pytest.raises(WaremindError, match=reason), content.loaded(image):
        pass
