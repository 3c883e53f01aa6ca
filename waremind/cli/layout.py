"""What data looks like: tables, records, sentences; and their lines in a pipe. Pure."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from msgspec import Struct

from waremind.domain.characters import escaped

# What is joined to an emoji, and the colour of its skin, stands in its columns.
_INSIDE_EMOJI = "\u200d.\ufe0f?|[\U0001f3fb-\U0001f3ff]"
_WIDE = "\u3000"  # as wide as what the selector \ufe0f makes an emoji


class Styled(Struct, frozen=True):
    """A text and what it means: `good`, `waiting`, `bad`, `faint` or `strong`."""

    text: str
    style: str


Cell = str | Styled


class Table(Struct, frozen=True):
    """Rows under a header.

    On a narrow terminal the `flexible` columns are shortened as long as they stay readable, then
    `optional` ones are left out, the last one first, and then the `flexible` ones get narrower
    still. A pipe gets every cell whole.
    """

    header: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    flexible: Sequence[str] = ()
    optional: Sequence[str] = ()


class Record(Struct, frozen=True):
    """One object, a field a line; fields without a value are left out.

    On a terminal a long value goes on below itself.
    """

    fields: Sequence[tuple[str, Cell | None]]

    def lines(self) -> Iterator["Prose"]:
        """Write each field that has a value as a sentence behind its name."""
        fields = [(name, value) for name, value in self.fields if value is not None]
        width = max(len(name) for name, _ in fields) + 1
        for name, value in fields:
            yield Prose(value, Styled(f"{name + ':':{width}} ", "faint"))


class Prose(Struct, frozen=True):
    """A sentence behind a label; on a terminal it goes on below itself."""

    text: Cell
    label: Cell = ""


class Paragraph(Struct, frozen=True):
    """Lines of text that somebody wrote, each behind `indent`."""

    text: str
    indent: str = "  "


Block = Table | Record | Prose | Paragraph | Cell


def shown(cell: Cell) -> str:
    """Return a cell's text as it may be shown."""
    return escaped(cell.text if isinstance(cell, Styled) else cell)


def plain_lines(block: Block) -> Iterable[str]:
    """Write a block as whole lines without colour, as a pipe gets it."""
    match block:
        case Table():
            return _table(block)
        case Record():
            return chain.from_iterable(map(plain_lines, block.lines()))
        case Prose():
            return [shown(block.label) + shown(block.text)]
        case Paragraph():
            return [f"{block.indent}{escaped(line)}" for line in block.text.split("\n")]
        case _:
            return [shown(block)]


def _table(table: Table) -> Iterator[str]:
    columns = [_column(cells) for cells in zip(table.header, *table.rows, strict=True)]
    for cells in zip(*columns, strict=True):
        yield "  ".join(cells).rstrip()


def _column(cells: Sequence[Cell]) -> list[str]:
    """Pad the cells of a column to the width of its widest one."""
    texts = list(map(shown, cells))
    widths = list(map(columns_of, texts))
    widest = max(widths)
    return [text + " " * (widest - width) for text, width in zip(texts, widths, strict=True)]


def columns_of(text: str) -> int:
    """Count the columns that a terminal needs for `text` (Unicode's TR 11 and TR 51, roughly)."""
    if text.isascii():
        return len(text)
    alone = re.sub(_INSIDE_EMOJI, "", text)
    return sum(map(_columns, re.sub(".\ufe0f", _WIDE, alone)))


def _columns(character: str) -> int:
    if unicodedata.category(character) in {"Mn", "Me", "Cf"} or "\u1160" <= character <= "\u11ff":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
