"""A WhatsApp, and a real neonize client that it is played to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from whatsapp_server.client import Client
from whatsapp_server.fixtures import played_whatsapp
from whatsapp_server.harness import PlayedWhatsApp

__all__ = ["account", "client", "me", "played_whatsapp"]

ME = "6281100000001"


@pytest.fixture
def me() -> str:
    """Return the account's phone number."""
    return ME


@pytest.fixture
def client(played_whatsapp: PlayedWhatsApp, tmp_path: Path) -> Iterator[Client]:
    """Yield a client without a device: it shows a QR."""
    with Client(played_whatsapp, tmp_path) as client:
        yield client


@pytest.fixture
def account(played_whatsapp: PlayedWhatsApp, client: Client) -> Client:
    """Return a client that is paired and connected."""
    played_whatsapp.scan(client.qr(), ME)
    client.wait("Connected")
    return client
