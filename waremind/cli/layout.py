"""How data looks to a person: tables and records, on a terminal of some width or in a pipe.

Pure: gives lines. Everything that is not ours to style is escaped.
"""

import os
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import TextIO

from msgspec import Struct

from waremind.cli.output import is_live, is_plain

_SGR = {"good": "32", "waiting": "33", "bad": "31", "faint": "2", "strong": "1"}
_NARROWEST = 12  # columns that a shortened cell keeps

# Controls (C0, C1), line and paragraph separators, whatever turns the direction of
# writing, and halves of surrogate pairs (bytes that were not UTF-8).
# Compiled when it is first used: `--json` has no need of it.
_STEERING = "[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"


class Styled(Struct, frozen=True):
    """A text and what it means: `good`, `waiting`, `bad`, `faint` or `strong`."""

    text: str
    style: str


Cell = str | Styled


class Table(Struct, frozen=True):
    """Rows under a header; on a narrow terminal the `flexible` columns are shortened."""

    header: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    flexible: Sequence[str] = ()


class Record(Struct, frozen=True):
    """One object, a field a line; fields without a value are left out."""

    fields: Sequence[tuple[str, Cell | None]]


class Paragraph(Struct, frozen=True):
    """Lines of text that somebody wrote, each behind `indent`."""

    text: str
    indent: str = "  "


Block = Table | Record | Paragraph | Cell


class Page(Struct, frozen=True):
    """What lines are laid out for: `width` in columns (None: endless), with colour or without."""

    width: int | None = None
    colour: bool = False

    def lines(self, block: Block) -> Iterable[str]:
        """Lay a block out."""
        match block:
            case Table():
                return self._table(block)
            case Record():
                return self._record(block)
            case Paragraph():
                return [f"{block.indent}{escaped(line)}" for line in block.text.split("\n")]
            case _:
                return [self._styled(block, escaped(_text(block)))]

    def _table(self, table: Table) -> Iterator[str]:
        header = [Styled(title, "strong") for title in table.header]
        widths = self._widths(table)
        for row in (header, *table.rows):
            cells = map(self._cell, row, widths)
            yield "  ".join(cells).rstrip()

    def _widths(self, table: Table) -> list[int]:
        columns = zip(table.header, *table.rows, strict=True)
        widths = [max(columns_of(escaped(_text(cell))) for cell in column) for column in columns]
        surplus = sum(widths) + 2 * (len(widths) - 1) - (self.width or 10**6)
        for title in reversed(table.flexible):
            column = table.header.index(title)
            cut = max(0, min(surplus, widths[column] - _NARROWEST))
            widths[column] -= cut
            surplus -= cut
        return widths

    def _cell(self, cell: Cell, width: int) -> str:
        text = shortened(escaped(_text(cell)), width)
        padding = " " * (width - columns_of(text))
        return self._styled(cell, text) + padding

    def _record(self, record: Record) -> Iterator[str]:
        fields = [(name, value) for name, value in record.fields if value is not None]
        width = max(len(name) for name, _ in fields) + 1
        for name, value in fields:
            yield f"{name + ':':{width}} {self._styled(value, escaped(_text(value)))}"

    def _styled(self, cell: Cell, text: str) -> str:
        style = cell.style if isinstance(cell, Styled) else ""
        return f"\x1b[{_SGR[style]}m{text}\x1b[0m" if self.colour and style else text


def page_of(stream: TextIO | None) -> Page:
    """Say what `stream` can show: a pipe gets whole lines without colour."""
    if stream is None or not is_live(stream):
        return Page()
    return Page(os.get_terminal_size(stream.fileno()).columns or None, colour=not is_plain())


def escaped(text: str) -> str:
    r"""Write characters that steer a terminal as escapes, such as `\x1b`."""
    return re.sub(_STEERING, lambda found: found[0].encode("unicode_escape").decode(), text)


def escaped_json(text: str) -> str:
    r"""Do the same in JSON, keeping its line breaks and its meaning: `\u009b`."""
    return re.sub(
        _STEERING,
        lambda found: found[0] if found[0] == "\n" else f"\\u{ord(found[0]):04x}",
        text,
    )


def columns_of(text: str) -> int:
    """Count the columns that a terminal needs for `text` (Unicode's TR 11, roughly)."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def _columns(character: str) -> int:
    if unicodedata.category(character) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def shortened(text: str, width: int) -> str:
    """Cut `text` to `width` columns, ending in … where something is missing."""
    if columns_of(text) <= width:
        return text
    while columns_of(text) > width - 1:
        text = text[:-1]
    return f"{text}…"


def _text(cell: Cell) -> str:
    return cell.text if isinstance(cell, Styled) else cell
