"""Fixtures for any conftest: `pytest_plugins = ["whatsapp_server.fixtures"]`, or import them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from whatsapp_server.harness import PlayedWhatsApp


@pytest.fixture
def played_whatsapp() -> Iterator[PlayedWhatsApp]:
    """Yield a WhatsApp of this test's own; every recipient reads its messages."""
    with PlayedWhatsApp() as whatsapp:
        yield whatsapp
