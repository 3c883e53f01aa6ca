"""How data looks to a person: tables and records, on a terminal or in a pipe. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TextIO

from msgspec import Struct

from waremind.cli.terminal import is_live, is_plain, size_of
from waremind.cli.text import Cell, Styled, columns_of, shortened, shown, wrapped
from waremind.domain.characters import escaped

_SGR = {"good": "32", "waiting": "33", "bad": "31", "faint": "2", "strong": "1"}
_NARROWEST = 12  # columns that a shortened cell keeps
_READABLE = 24  # columns beyond which a flexible cell gives way to an optional column


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


class _Column:
    """A column of a table while it is laid out; the first of its cells is the title."""

    def __init__(self, title: str, cells: Sequence[Cell]) -> None:
        self.title = title
        self.cells = [Styled(title, "strong"), *cells]
        self.width = max(columns_of(shown(cell)) for cell in self.cells)

    @property
    def beyond_readable(self) -> int:
        """How many columns of the terminal it can give away and still be read with ease."""
        return max(0, self.width - _READABLE)

    def shorten(self) -> None:
        """Give a column of the terminal away, while enough is left to recognise a name."""
        self.width = max(self.width - 1, min(self.width, _NARROWEST))


class Record(Struct, frozen=True):
    """One object, a field a line; fields without a value are left out.

    On a terminal a long value goes on below itself.
    """

    fields: Sequence[tuple[str, Cell | None]]


class Prose(Struct, frozen=True):
    """A sentence behind a label; on a terminal it goes on below itself."""

    text: Cell
    label: Cell = ""


class Paragraph(Struct, frozen=True):
    """Lines of text that somebody wrote, each behind `indent`."""

    text: str
    indent: str = "  "


Block = Table | Record | Prose | Paragraph | Cell


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
            case Prose():
                return self._prose(block.label, block.text)
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
            flexible = [column for column in columns if column.title in table.flexible]
            if self._surplus(columns) > sum(column.beyond_readable for column in flexible):
                columns = [column for column in columns if column.title != title]
        flexible = [column for column in columns if column.title in table.flexible]
        for _ in range(self._surplus(columns) if flexible else 0):
            max(flexible, key=lambda column: column.width).shorten()
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
            yield from self._prose(f"{name + ':':{width}} ", value)

    def _prose(self, label: Cell, text: Cell) -> Iterator[str]:
        """Style the label and the words, and not the margin below the label."""
        title = shown(label)
        first, *more = wrapped(shown(text), self.width, title)
        yield self._styled(label, title) + self._styled(text, first[len(title) :])
        for line in more:
            yield line[: len(title)] + self._styled(text, line[len(title) :])

    def _styled(self, cell: Cell, text: str) -> str:
        style = cell.style if isinstance(cell, Styled) else ""
        return f"\x1b[{_SGR[style]}m{text}\x1b[0m" if self.colour and style else text


def page_of(stream: TextIO | None) -> Page:
    """Say what `stream` can show: a pipe gets whole lines without colour."""
    if stream is None or not is_live(stream):
        return Page()
    return Page(size_of(stream)[0], colour=not is_plain())
