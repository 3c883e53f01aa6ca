"""Bytes that mean nothing, and bytes that almost mean something."""

from __future__ import annotations

from random import Random


def rubbish(chance: Random, size: int) -> bytes:
    """Make random bytes without an end of line."""
    return chance.randbytes(size).replace(b"\n", b"")


def bent(chance: Random, sound: bytes) -> bytes:
    """Break something in bytes that were sound: change, drop, double, swap."""
    broken = bytearray(sound)
    for _ in range(chance.randrange(1, 5)):
        at, end = sorted(chance.randrange(len(broken) + 1) for _ in range(2))
        match chance.randrange(5):
            case 0:
                broken[at : at + 1] = chance.randbytes(1)
            case 1:
                del broken[at : min(end, at + 20)]
            case 2:
                broken[at:at] = broken[at : min(end, at + 50)]
            case 3:
                broken[at:at] = chance.choice([b"\0", b'"', b"{", b"]", b"\\", b"\xff", b"\\u0000"])
            case _:
                del broken[max(1, end) :]
    return bytes(broken).replace(b"\n", b"")
