"""Text for a terminal: how wide it is, and how it is meant. Pure."""

import re
import unicodedata

from msgspec import Struct

from waremind.domain.characters import escaped

_COMMAND = r"""waremind [a-z]+(?: (?:"[^"]*"|'[^']*'|[\w./:@+=|-]+)(?=[ ;:,)]|$))*"""


class Styled(Struct, frozen=True):
    """A text and what it means: `good`, `waiting`, `bad`, `faint` or `strong`."""

    text: str
    style: str


Cell = str | Styled


def shown(cell: Cell) -> str:
    """Return a cell's text as it may be shown."""
    return escaped(cell.text if isinstance(cell, Styled) else cell)


def columns_of(text: str) -> int:
    """Count the columns that a terminal needs for `text` (Unicode's TR 11, roughly)."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def _columns(character: str) -> int:
    if unicodedata.category(character) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def wrapped(text: str, columns: int | None, label: str = "") -> list[str]:
    """Break `label` and `text` between words into lines of at most `columns` (None: endless).

    What follows the first line stands below the text. A word that is wider than a line, or a
    command, is left whole, so that it can be copied.
    """
    first, *words = re.sub(_COMMAND, lambda found: found[0].replace(" ", "\0"), text).split(" ")
    lines: list[str] = []
    line = f"{label}{first}"
    for word in words:
        if columns and columns_of(line) + 1 + columns_of(word) > columns:
            lines.append(line.rstrip())
            line = " " * columns_of(label) + word
        else:
            line += f" {word}"
    return [line.replace("\0", " ") for line in (*lines, line)]


def shortened(text: str, width: int) -> str:
    """Cut `text` to `width` columns, ending in … where something is missing."""
    if columns_of(text) <= width:
        return text
    while columns_of(text) > width - 1:
        text = text[:-1]
    return f"{text}…"
