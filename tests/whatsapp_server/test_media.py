"""Images and documents: uploaded by the real neonize, fetched and decrypted by the phones."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from PIL import Image

from whatsapp_server.client import Client, ClientError
from whatsapp_server.harness import PlayedWhatsApp

BUDI, SITI = "6282200000001", "6282200000002"
MIB = 1 << 20
KINDS = {"send_document": "documentMessage", "send_captioned": "documentWithCaptionMessage"}


@pytest.fixture
def group(played_whatsapp: PlayedWhatsApp, me: str) -> str:
    return played_whatsapp.group("Ops", [me, BUDI, SITI])


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "plan.bin"
    path.write_bytes(os.urandom(10_000))
    return path


@pytest.mark.parametrize("request_name", KINDS)
def test_every_phone_saves_a_document_and_shows_its_caption(
    played_whatsapp: PlayedWhatsApp,
    account: Client,
    group: str,
    document: Path,
    request_name: str,
) -> None:
    account.call(request_name, to=group, path=str(document), caption="this week")
    (message,) = played_whatsapp.messages()
    assert (message.kind, message.text) == (KINDS[request_name], "this week")
    assert len(message.texts) == 3
    assert message.media is not None
    assert (message.media.file_name, message.media.size) == ("plan.bin", 10_000)
    assert played_whatsapp.file(message) == document.read_bytes()


def test_every_phone_saves_an_image_and_shows_its_caption(
    played_whatsapp: PlayedWhatsApp, account: Client, group: str, tmp_path: Path
) -> None:
    picture = tmp_path / "board.png"
    Image.new("RGB", (300, 200), "navy").save(picture)
    account.call("send_image", to=group, path=str(picture), caption="the board")
    (message,) = played_whatsapp.messages()
    assert (message.kind, message.text) == ("imageMessage", "the board")
    assert message.media is not None
    assert (message.media.mime, message.media.thumbnail) == ("image/png", True)
    assert played_whatsapp.file(message) == picture.read_bytes()


def test_a_file_of_16_mib_arrives(
    played_whatsapp: PlayedWhatsApp, account: Client, group: str, tmp_path: Path
) -> None:
    large = tmp_path / "large.bin"
    large.write_bytes(os.urandom(16 * MIB))
    account.call("send_document", to=group, path=str(large), caption="")
    (message,) = played_whatsapp.messages()
    assert played_whatsapp.file(message) == large.read_bytes()


@pytest.mark.parametrize("status", [413, 500])
def test_a_refused_upload_is_an_error_and_nothing_is_sent(
    played_whatsapp: PlayedWhatsApp, account: Client, group: str, document: Path, status: int
) -> None:
    played_whatsapp.behave(upload_status=status)
    with pytest.raises(ClientError, match=f"upload failed with status code {status}"):
        account.call("send_document", to=group, path=str(document), caption="")
    assert not played_whatsapp.messages()


def test_a_slow_media_host_delays_the_send(
    played_whatsapp: PlayedWhatsApp, account: Client, group: str, document: Path
) -> None:
    played_whatsapp.behave(upload_delay=0.5)
    began = time.monotonic()
    account.call("send_document", to=group, path=str(document), caption="")
    assert time.monotonic() - began >= 0.5


def test_without_a_media_host_nothing_is_sent(
    played_whatsapp: PlayedWhatsApp, account: Client, group: str, document: Path
) -> None:
    played_whatsapp.behave(media_conn_error=503)
    with pytest.raises(ClientError, match="failed to query media connections"):
        account.call("send_document", to=group, path=str(document), caption="")
    assert not played_whatsapp.messages()
