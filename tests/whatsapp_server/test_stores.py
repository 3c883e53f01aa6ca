"""What a store is worth elsewhere: copied, gone stale, without its ratchets, opened twice."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from whatsapp_server.client import Client
from whatsapp_server.foreign import device_of, forget_ratchets, leave_store
from whatsapp_server.harness import PlayedWhatsApp
from whatsapp_server.records import Message

BUDI, SITI = "6282200000001", "6282200000002"


@pytest.fixture
def group(played_whatsapp: PlayedWhatsApp, me: str) -> str:
    played_whatsapp.user(BUDI, devices=2)
    return played_whatsapp.group("Ops", [me, BUDI, SITI])


@pytest.fixture
def store(played_whatsapp: PlayedWhatsApp, me: str, group: str, tmp_path: Path) -> Path:
    """Return the store that another program has left after a message to the group."""
    return leave_store(played_whatsapp, tmp_path / "theirs", me, said_to=group)


def moved(store: Path, directory: Path) -> Path:
    directory.mkdir()
    return Path(shutil.copy(store, directory / "store.sqlite3"))


def say(whatsapp: PlayedWhatsApp, directory: Path, group: str) -> Message:
    with Client(whatsapp, directory) as client:
        client.wait("Connected")
        client.call("send", to=group, text="halo")
    return whatsapp.messages()[-1]


def test_another_programs_store_holds_its_device(store: Path, me: str) -> None:
    assert device_of(store) == f"{me}:1@s.whatsapp.net"
    assert not store.with_name(f"{store.name}-wal").exists()


def test_another_programs_store_connects_without_a_qr(
    played_whatsapp: PlayedWhatsApp, store: Path, tmp_path: Path
) -> None:
    moved(store, tmp_path / "ours")
    with Client(played_whatsapp, tmp_path / "ours") as client:
        client.wait("Connected")
        assert client.call("groups") == {"Ops": 3}
        assert not any(line.get("event") == "qr" for line in client.lines)


def test_a_store_one_message_behind_makes_every_recipient_unable_to_read(
    played_whatsapp: PlayedWhatsApp, store: Path, group: str, tmp_path: Path
) -> None:
    moved(store, tmp_path / "stale")
    assert say(played_whatsapp, store.parent, group).text == "halo"
    message = say(played_whatsapp, tmp_path / "stale", group)
    assert (len(message.errors), message.texts) == (4, {})


def test_without_its_ratchets_a_stale_store_is_read_by_all(
    played_whatsapp: PlayedWhatsApp, store: Path, group: str, tmp_path: Path
) -> None:
    stale = moved(store, tmp_path / "stale")
    say(played_whatsapp, store.parent, group)
    forget_ratchets(stale)
    message = say(played_whatsapp, stale.parent, group)
    assert (message.text, len(message.texts)) == ("halo", 4)


def test_forgetting_the_ratchets_leaves_the_device_as_it_is(store: Path, me: str) -> None:
    forget_ratchets(store)
    with closing(sqlite3.connect(store)) as database:
        left = database.execute(
            "SELECT (SELECT count(*) FROM whatsmeow_sessions),"
            " (SELECT count(*) FROM whatsmeow_sender_keys),"
            " (SELECT count(*) > 0 FROM whatsmeow_pre_keys)"
        ).fetchone()
    assert left == (0, 0, 1)
    assert device_of(store) == f"{me}:1@s.whatsapp.net"


def test_of_two_connections_of_one_device_the_older_is_replaced(
    played_whatsapp: PlayedWhatsApp, store: Path, me: str, tmp_path: Path
) -> None:
    moved(store, tmp_path / "ours")
    with Client(played_whatsapp, store.parent) as older:
        older.wait("Connected")
        with Client(played_whatsapp, tmp_path / "ours") as newer:
            newer.wait("Connected")
            older.wait("StreamReplaced")
            assert played_whatsapp.state().online == [f"{me}:1@s.whatsapp.net"]
            assert not any(line.get("event") == "StreamReplaced" for line in newer.lines)
