"""A terminal's screen as a picture for a page: half-blocks as areas, all else as text (SVG 1.1)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from xml.sax.saxutils import escape

import pyte

_WIDTH, _HEIGHT = 8, 16  # of a character
_MARGIN = 12
_DARK, _LIGHT = "#16181d", "#e6e6e6"
_UPPER, _LOWER = {"▀", "█"}, {"▄", "█"}


def svg(screen: pyte.Screen) -> str:
    """Draw what stands on `screen`, less the empty rows at its end."""
    rows = [row for row, line in enumerate(screen.display) if line.strip()]
    width = screen.columns * _WIDTH + 2 * _MARGIN
    height = (max(rows) + 1) * _HEIGHT + 2 * _MARGIN
    box = f'x="{-_MARGIN}" y="{-_MARGIN}" width="{width}" height="{height}"'
    view = f'viewBox="{-_MARGIN} {-_MARGIN} {width} {height}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" {view}>',
            f'<rect {box} rx="8" fill="{_DARK}"/>',
            f'<path fill="#ffffff" d="{_path(_paper(screen))}"/>',
            f'<path fill="#000000" d="{_path(_halves(screen))}"/>',
            f'<g font-family="monospace" font-size="13" fill="{_LIGHT}" xml:space="preserve">',
            *_texts(screen),
            "</g>",
            "</svg>\n",
        ]
    )


def _path(areas: Iterator[tuple[int, int, int, int]]) -> str:
    """Draw areas given by their corner, width and height."""
    return "".join(f"M{x} {y}h{width}v{height}h-{width}z" for x, y, width, height in areas)


def _paper(screen: pyte.Screen) -> Iterator[tuple[int, int, int, int]]:
    for row in range(screen.lines):
        cells = [screen.buffer[row][column] for column in range(screen.columns)]
        for x, width in _runs(cell.bg == "brightwhite" for cell in cells):
            yield x, row * _HEIGHT, width, _HEIGHT


def _halves(screen: pyte.Screen) -> Iterator[tuple[int, int, int, int]]:
    half = _HEIGHT // 2
    for row, line in enumerate(screen.display):
        for inked, y in ((_UPPER, row * _HEIGHT), (_LOWER, row * _HEIGHT + half)):
            for x, width in _runs(character in inked for character in line):
                yield x, y, width, half


def _runs(inked: Iterable[bool]) -> Iterator[tuple[int, int]]:
    """Give place and width of what is inked without a gap."""
    column = 0
    for is_inked, cells in groupby(inked):
        count = len(list(cells))
        if is_inked:
            yield column * _WIDTH, count * _WIDTH
        column += count


def _texts(screen: pyte.Screen) -> Iterator[str]:
    for row, line in enumerate(screen.display):
        text = line.rstrip()
        if text and not set(text) & (_UPPER | _LOWER):
            wide = len(text) * _WIDTH
            yield f'<text y="{row * _HEIGHT + 12}" textLength="{wide}">{escape(text)}</text>'
