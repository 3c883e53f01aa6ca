"""What a phone does with media: fetch the ciphertext, check it, decrypt it."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from whatsapp_server.curve import hkdf
from whatsapp_server.records import Media
from whatsapp_server.signal_protocol import DecryptError
from whatsapp_server.world import World

_MAC_SIZE = 10
_KEY_NAMES: Mapping[str, bytes] = {
    "imageMessage": b"WhatsApp Image Keys",
    "documentMessage": b"WhatsApp Document Keys",
}


def fetch(world: World, kind: str, part: Any) -> Media:
    """Return what a phone saves; its bytes are kept for whoever asks (`world.files`)."""
    path = part.directPath
    plain = world.files.get((path, part.mediaKey))
    if plain is None:
        plain = _open(world.media.get(path), part, _KEY_NAMES[kind])
        world.files[path, part.mediaKey] = plain
    return Media(
        path=path,
        mime=part.mimetype,
        size=len(plain),
        sha256=hashlib.sha256(plain).hexdigest(),
        file_name=part.fileName if kind == "documentMessage" else "",
        thumbnail=bool(part.JPEGThumbnail),
    )


def _open(sealed: bytes | None, part: Any, key_name: bytes) -> bytes:
    if sealed is None:
        raise DecryptError(f"there is no media at {part.directPath}")
    if hashlib.sha256(sealed).digest() != part.fileEncSHA256:
        raise DecryptError("the ciphertext is not what the message says")
    keys = hkdf(part.mediaKey, 112, key_name)
    body, mac = sealed[:-_MAC_SIZE], sealed[-_MAC_SIZE:]
    if hmac.digest(keys[48:80], keys[:16] + body, "sha256")[:_MAC_SIZE] != mac:
        raise DecryptError("the media's MAC is wrong")
    decryptor = Cipher(algorithms.AES(keys[16:48]), modes.CBC(keys[:16])).decryptor()
    unpadder = padding.PKCS7(128).unpadder()
    plain = unpadder.update(decryptor.update(body) + decryptor.finalize()) + unpadder.finalize()
    if hashlib.sha256(plain).digest() != part.fileSHA256 or len(plain) != part.fileLength:
        raise DecryptError("the file is not what the message says")
    return plain
