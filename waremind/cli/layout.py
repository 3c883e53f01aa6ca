"""How data looks to a person: tables and records, on a terminal or in a pipe. Pure."""

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import TextIO

from msgspec import Struct

from waremind.cli.output import is_live, is_plain
from waremind.cli.text import Cell, Styled, columns_of, escaped, shortened, shown

_SGR = {"good": "32", "waiting": "33", "bad": "31", "faint": "2", "strong": "1"}
_NARROWEST = 12  # columns that a shortened cell keeps


class Table(Struct, frozen=True):
    """Rows under a header.

    On a narrow terminal `optional` columns are left out, the last one first, and then the
    `flexible` ones are shortened.
    """

    header: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    flexible: Sequence[str] = ()
    optional: Sequence[str] = ()


class _Column:
    """A column of a table while it is laid out; the first of its cells is the title."""

    def __init__(self, title: str, cells: Sequence[Cell]) -> None:
        self.title = title
        self.cells = [Styled(title, "strong"), *cells]
        self.width = max(columns_of(shown(cell)) for cell in self.cells)

    def shorten(self, surplus: int) -> None:
        """Give up to `surplus` away, keeping enough to be recognised."""
        self.width -= max(0, min(surplus, self.width - _NARROWEST))


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
                return [self._styled(block, shown(block))]

    def _table(self, table: Table) -> Iterator[str]:
        columns = self._fitting(table)
        for cells in zip(*map(self._column, columns), strict=True):
            yield "  ".join(cells).rstrip()

    def _fitting(self, table: Table) -> list[_Column]:
        cells = zip(*table.rows, strict=True) if table.rows else [()] * len(table.header)
        columns = list(map(_Column, table.header, cells))
        for title in reversed(table.optional):
            if self._surplus(columns) > 0:
                columns = [column for column in columns if column.title != title]
        for column in reversed(columns):
            if column.title in table.flexible:
                column.shorten(self._surplus(columns))
        return columns

    def _surplus(self, columns: Sequence[_Column]) -> int:
        """Say by how many columns of the terminal a row is too wide."""
        taken = sum(column.width for column in columns) + 2 * (len(columns) - 1)
        return taken - self.width if self.width else 0

    def _column(self, column: _Column) -> Iterator[str]:
        for cell in column.cells:
            text = shortened(shown(cell), column.width)
            yield self._styled(cell, text) + " " * (column.width - columns_of(text))

    def _record(self, record: Record) -> Iterator[str]:
        fields = [(name, value) for name, value in record.fields if value is not None]
        width = max(len(name) for name, _ in fields) + 1
        for name, value in fields:
            yield f"{name + ':':{width}} {self._styled(value, shown(value))}"

    def _styled(self, cell: Cell, text: str) -> str:
        style = cell.style if isinstance(cell, Styled) else ""
        return f"\x1b[{_SGR[style]}m{text}\x1b[0m" if self.colour and style else text


def page_of(stream: TextIO | None) -> Page:
    """Say what `stream` can show: a pipe gets whole lines without colour."""
    if stream is None or not is_live(stream):
        return Page()
    return Page(os.get_terminal_size(stream.fileno()).columns or None, colour=not is_plain())
