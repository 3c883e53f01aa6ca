"""A QR code as terminals and files show it (ISO/IEC 18004). Pure: gives lines and bytes.

Light modules are what is drawn, which is right on a dark background.
"""

import struct
import zlib
from collections.abc import Iterator, Sequence
from typing import Any, Literal, NamedTuple

Drawn = Literal["small", "large", "ascii"]
Modules = Sequence[Sequence[bool]]  # True is dark

BORDERS = (4, 2, 1)  # the standard wants 4; phones read 1
_HALVES = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}
_PNG_SCALE = 8  # pixels a module


class Look(NamedTuple):
    """How a module of a drawing looks when it is light, and when it is dark."""

    light: str
    dark: str


_LOOKS: dict[Drawn, Look] = {"large": Look("██", "  "), "ascii": Look("##", "  ")}


def modules_of(text: str) -> Modules:
    """Compute the modules of a text as a code, without a border, at the lowest error correction."""
    from qrcode.constants import ERROR_CORRECT_L  # noqa: PLC0415 - 34 ms, for one command
    from qrcode.main import QRCode  # noqa: PLC0415

    symbol: QRCode[Any] = QRCode(error_correction=ERROR_CORRECT_L, border=0)
    symbol.add_data(text)
    symbol.make()
    return [[bool(module) for module in row] for row in symbol.modules]


def bordered(modules: Modules, border: int) -> Modules:
    """Put a quiet zone of `border` light modules around."""
    empty = [False] * (len(modules) + 2 * border)
    side = [False] * border
    above = [empty] * border
    return [*above, *([*side, *row, *side] for row in modules), *above]


def size_of(side: int, drawn: Drawn) -> tuple[int, int]:
    """Say how many columns and rows a code of `side` modules takes."""
    return (side, (side + 1) // 2) if drawn == "small" else (2 * side, side)


def draw(modules: Modules, drawn: Drawn) -> list[str]:
    """Draw a code as lines of text."""
    if drawn == "small":
        return list(halves(modules, light_is_drawn=True))
    look = _LOOKS[drawn]
    return ["".join(look[module] for module in row) for row in modules]


def halves(modules: Modules, *, light_is_drawn: bool) -> Iterator[str]:
    """Draw two rows in one, of light modules or of dark ones."""
    # Below an odd number of rows stands one more that is light.
    rows = [*modules, [False] * len(modules)]
    for upper, lower in zip(rows[::2], rows[1::2], strict=False):
        yield "".join(
            _HALVES[up != light_is_drawn, down != light_is_drawn]
            for up, down in zip(upper, lower, strict=True)
        )


def png(modules: Modules) -> bytes:
    """Write a code as a PNG of one bit a pixel (https://www.w3.org/TR/png-3/)."""
    side = len(modules) * _PNG_SCALE
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    pixels = b"".join(_png_row(row) * _PNG_SCALE for row in modules)
    chunks = {b"IHDR": header, b"IDAT": zlib.compress(pixels), b"IEND": b""}
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks.items())


def _png_row(row: Sequence[bool]) -> bytes:
    # One module is one byte: eight pixels of one bit, white as 1. The first byte: no filter.
    return b"\0" + bytes(0x00 if module else 0xFF for module in row)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return (
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
    )
