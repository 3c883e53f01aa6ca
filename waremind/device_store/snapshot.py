"""A device's keys as bytes to be kept elsewhere, sealed on request: how another machine gets them.

A snapshot has nothing that goes stale unless it was taken after the session's end, with ratchets.
"""

import base64
import binascii
import os
import stat
import zlib
from dataclasses import dataclass
from pathlib import Path

from waremind.device_store import content, files
from waremind.errors import ErrorCode, MisconfigurationError, WaremindError

KEY_BYTES = 32
NONCE_BYTES = 12  # what AES-GCM is made for (NIST SP 800-38D)
SEALED = b"WMS1"

_STANDS = (
    "SELECT max(key_id), count(*) FROM whatsmeow_pre_keys",
    "SELECT * FROM whatsmeow_device",
)
_LEVEL = 6  # of zlib: 9 takes twice as long for a hundredth less


@dataclass(frozen=True, slots=True)
class Seal:
    """Seals snapshots with a key that the database does not have."""

    key: bytes

    def close(self, plain: bytes, about: str) -> bytes:
        """Seal a snapshot; only who names the same `about` opens it again."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - 10 MB

        nonce = os.urandom(NONCE_BYTES)
        return SEALED + nonce + AESGCM(self.key).encrypt(nonce, plain, about.encode())

    def open(self, sealed: bytes, about: str) -> bytes:
        """Open a sealed snapshot. Raises WaremindError `invalid_input` for another key or text."""
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - as above
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

        nonce = sealed[len(SEALED) : len(SEALED) + NONCE_BYTES]
        try:
            cipher = sealed[len(SEALED) + NONCE_BYTES :]
            return AESGCM(self.key).decrypt(nonce, cipher, about.encode())
        except (InvalidTag, ValueError):
            reason = "it was sealed with another key, or is another device's"
            raise files.unreadable(reason, "give every node the same key file") from None


def read_key(path: Path) -> Seal:
    """Read a key file: 32 bytes in base64, as `openssl rand -base64 32` writes them.

    Raises MisconfigurationError when there is none, others can read it, or it holds something else.
    """
    hint = f"openssl rand -base64 32 > {path}; chmod 600 {path}; then copy it to every node"
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            key = base64.b64decode(file.read(KEY_BYTES * 2), validate=False)
    except OSError as error:
        message = f"cannot read the key file {path}: {error.strerror}"
        raise MisconfigurationError(ErrorCode.INVALID_INPUT, message, hint=hint) from None
    except binascii.Error:
        key = b""
        mode = 0
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        message = f"cannot use the key file {path}: group or others may read it"
        raise MisconfigurationError(ErrorCode.INVALID_INPUT, message, hint=f"chmod 600 {path}")
    if len(key) != KEY_BYTES:
        message = f"cannot use the key file {path}: it does not hold {KEY_BYTES} bytes in base64"
        raise MisconfigurationError(ErrorCode.INVALID_INPUT, message, hint=hint)
    return Seal(key)


def take(store: Path, scratch: Path, *, ratchets: bool) -> bytes:
    """Take a snapshot of the store at a path, which a session may go on using.

    `scratch` is a directory for the copy that it is taken from. Raises WaremindError saying what
    is wrong with the store. To be called in a thread.
    """
    with files.opened(store, scratch, files.LARGEST) as copy:
        if not ratchets:
            content.drop_ratchets(copy)
        return zlib.compress(copy.serialize(), _LEVEL)


def fingerprint(taken: bytes) -> int:
    """Say by a number what must not be old in a snapshot: the device itself, and its pre-keys."""
    with content.loaded(_inflated(taken)) as store:
        rows = [store.execute(query).fetchall() for query in _STANDS]
    return zlib.crc32(repr(rows).encode())


def restored(snapshot: bytes, *, ratchets: bool) -> bytes:
    """Make the store of a snapshot again; without `ratchets` the engine makes new ones.

    Raises WaremindError saying what is wrong with it. To be called in a thread.
    """
    with content.loaded(_inflated(snapshot)) as store:
        content.refuse_foreign_keys(content.chosen(store, None))
        if not ratchets:
            content.drop_ratchets(store)
        return store.serialize()


def _inflated(snapshot: bytes) -> bytes:
    inflating = zlib.decompressobj()
    try:
        image = inflating.decompress(snapshot, files.LARGEST)
    except zlib.error:
        raise _torn() from None
    if inflating.unconsumed_tail or not inflating.eof:
        raise _torn()
    return image


def _torn() -> WaremindError:
    return files.unreadable("it is no snapshot, or not the whole of one", "take it again")
