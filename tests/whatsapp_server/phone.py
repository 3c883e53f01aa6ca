"""A phone's camera: reads the QR that a terminal shows, or a picture of it."""

from __future__ import annotations

import io
import re
from itertools import groupby, takewhile

import zxingcpp
from PIL import Image, ImageOps

# Upper and lower half of a cell. A blank may be a no-break space: cp437's code 255 becomes one.
_HALVES = {" ": (0, 0), "\xa0": (0, 0), "▀": (1, 0), "▄": (0, 1), "█": (1, 1), "#": (1, 1)}
_HALF_BLOCKS = frozenset("▀▄")
_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_MODULE_PIXELS = 4
_QUIET_MODULES = 4
_QR = zxingcpp.barcode_formats_from_str("QRCode")

_Rows = list[list[int]]


class QRError(Exception):
    """There is no QR to read."""


def read_qr(screen_text: str) -> str:
    """Return the payload of the QR drawn on a terminal: with half blocks, full blocks or `##`.

    It may be drawn dark on light or light on dark, with other lines above and below it.
    """
    drawn = _modules(_drawing(screen_text))
    inverted = [[1 - module for module in row] for row in drawn]
    for modules in (drawn, inverted):
        payload = _decode(_picture(modules))
        if payload is not None:
            return payload
    raise QRError("cannot read the QR on the screen: it is cut, torn or covered")


def read_qr_png(png: bytes) -> str:
    """Return the payload of the QR in a PNG file."""
    payload = _decode(Image.open(io.BytesIO(png)).convert("L"))
    if payload is None:
        raise QRError("cannot read a QR in the picture")
    return payload


def _drawing(screen_text: str) -> list[str]:
    """Return the longest stretch of lines that hold nothing but blocks."""
    lines = _ESCAPE.sub("", screen_text).splitlines()
    stretches = [list(block) for drawn, block in groupby(lines, _is_drawn) if drawn]
    if not stretches:
        raise QRError("no QR on the screen")
    return max(stretches, key=len)


def _is_drawn(line: str) -> bool:
    return bool(line.strip()) and all(char in _HALVES for char in line)


def _modules(lines: list[str]) -> _Rows:
    """Turn characters into dark (1) and light (0) modules, cropped to what is drawn."""
    if _HALF_BLOCKS & set("".join(lines)):
        return _crop([[_HALVES[char][half] for char in line] for line in lines for half in (0, 1)])
    rows = _crop([[_HALVES[char][0] for char in line] for line in lines])
    # A full-block module is two characters wide, to be square.
    if all(row[::2] == row[1::2] for row in rows):
        return [row[::2] for row in rows]
    return rows


def _crop(rows: _Rows) -> _Rows:
    width = max(map(len, rows))
    rows = [row + [0] * (width - len(row)) for row in rows]
    for _ in range(4):
        # Cut off the blank rows at the top, then turn: four times is all around.
        blank = len(list(takewhile(lambda row: not any(row), rows)))
        rows = [list(column) for column in zip(*rows[blank:], strict=True)][::-1]
    return rows


def _picture(modules: _Rows) -> Image.Image:
    height, width = len(modules), len(modules[0])
    pixels = bytes(0 if module else 255 for row in modules for module in row)
    picture = Image.frombytes("L", (width, height), pixels)
    framed = ImageOps.expand(picture, _QUIET_MODULES, 255)
    return ImageOps.scale(framed, _MODULE_PIXELS, Image.Resampling.NEAREST)


def _decode(picture: Image.Image) -> str | None:
    read = zxingcpp.read_barcode(picture, _QR, try_invert=False)
    return None if read is None else read.text
