"""Stores as programs on whatsmeow leave them, with keys that belong together."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from whatsapp_server.curve import KeyPair, sign

PHONE, OTHER_PHONE = "6281100000001", "6281100000002"

SCHEMA = """
CREATE TABLE whatsmeow_version (version INTEGER, compat INTEGER);
CREATE TABLE whatsmeow_device (
    jid TEXT PRIMARY KEY, lid TEXT, push_name TEXT NOT NULL DEFAULT '',
    identity_key bytea, signed_pre_key bytea, signed_pre_key_sig bytea);
CREATE TABLE whatsmeow_sessions (
    our_jid TEXT REFERENCES whatsmeow_device ON DELETE CASCADE, their_id TEXT, session bytea);
CREATE TABLE whatsmeow_sender_keys (our_jid TEXT, chat_id TEXT, sender_key bytea);
CREATE TABLE whatsmeow_pre_keys (jid TEXT, key_id INTEGER, key bytea);
CREATE TABLE whatsmeow_message_secrets (our_jid TEXT, message_id TEXT, key bytea);
CREATE TABLE whatsmeow_lid_map (lid TEXT PRIMARY KEY, pn TEXT);
CREATE TABLE message (text TEXT);
CREATE VIEW talk AS SELECT text FROM message;
CREATE TRIGGER busy AFTER INSERT ON message BEGIN SELECT 1; END;
"""


def jid(phone: str) -> str:
    return f"{phone}:7@s.whatsapp.net"


def make(path: Path, *phones: str, schema: tuple[int, int] = (15, 8), journal: str = "") -> Path:
    """Write a store with a device of each phone, as another program would."""
    with closing(sqlite3.connect(path)) as store, store:
        if journal:
            store.execute(f"PRAGMA journal_mode = {journal}")
        store.executescript(SCHEMA)
        store.execute("INSERT INTO whatsmeow_version VALUES (?, ?)", schema)
        store.execute("INSERT INTO message VALUES ('a secret of theirs')")
        for phone in phones:
            _add(store, phone)
    path.chmod(0o600)
    return path


def _add(store: sqlite3.Connection, phone: str) -> None:
    identity, pre_key = KeyPair.new(), KeyPair.new()
    signature = sign(identity.private, b"\x05" + pre_key.public)
    keys = [identity.private, pre_key.private, signature]
    store.execute(
        "INSERT INTO whatsmeow_device VALUES (?, ?, ?, ?, ?, ?)",
        [jid(phone), f"1{phone}:7@lid", f"bot {phone}", *keys],
    )
    for table in ("sessions", "sender_keys", "message_secrets"):
        store.execute(
            f"INSERT INTO whatsmeow_{table} VALUES (?, 'x', ?)",  # noqa: S608 - ours
            [jid(phone), phone.encode()],
        )
    store.execute("INSERT INTO whatsmeow_pre_keys VALUES (?, 1, ?)", [jid(phone), phone.encode()])


def counts(store: sqlite3.Connection) -> dict[str, int]:
    """Count the rows of each table."""
    names = store.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    return {name.removeprefix("whatsmeow_"): _count(store, name) for (name,) in names}


def _count(store: sqlite3.Connection, name: str) -> int:
    return store.execute(f"SELECT count(*) FROM {name}").fetchone()[0]  # noqa: S608 - ours
