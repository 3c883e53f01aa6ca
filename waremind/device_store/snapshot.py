"""A device's keys as bytes to be kept elsewhere: how another machine gets them.

A snapshot has nothing that goes stale unless it was taken after the session's end, with ratchets.
"""

import zlib
from pathlib import Path

from waremind.device_store import content, files
from waremind.errors import WaremindError

_STANDS = (
    "SELECT max(key_id), count(*) FROM whatsmeow_pre_keys",
    "SELECT * FROM whatsmeow_device",
)
_LEVEL = 6  # of zlib: 9 takes twice as long for a hundredth less


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
