"""What another program on whatsmeow leaves behind: its SQLite store, with a linked device in it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from whatsapp_server.client import Client
from whatsapp_server.harness import PlayedWhatsApp

# Keys that change with each message; without them a device makes new ones.
_RATCHETS = ("whatsmeow_sessions", "whatsmeow_sender_keys")


def leave_store(
    whatsapp: PlayedWhatsApp, directory: Path, phone: str, *, said_to: str | None = None
) -> Path:
    """Pair a bare neonize as that phone's device, end it, and return its store: one closed file.

    Before it ends it says something to the group `said_to`, so that the store has ratchets.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with Client(whatsapp, directory) as client:
        whatsapp.scan(client.qr(), phone)
        client.wait("Connected")
        if said_to is not None:
            client.call("send", to=said_to, text="from another program")
    whatsapp.wait_offline(phone)
    store = directory / "store.sqlite3"
    with closing(sqlite3.connect(store)) as database:
        # The client was killed: what is in the write-ahead log joins the file.
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        database.execute("PRAGMA journal_mode = DELETE")
    return store


def device_of(store: Path) -> str:
    """Return the JID of the one device in a store."""
    with closing(sqlite3.connect(store)) as database:
        (found,) = database.execute("SELECT jid FROM whatsmeow_device").fetchall()
    return str(found[0])


def forget_ratchets(store: Path) -> None:
    """Empty what goes stale with the next message that another copy of the store sends."""
    with closing(sqlite3.connect(store)) as database, database:
        for table in _RATCHETS:
            database.execute(f"DELETE FROM {table}")  # noqa: S608 - the names are ours
