"""What rich draws for people on a terminal: tables, records, sentences, help.

Nothing that a stranger wrote is markup or steers the terminal: all of it comes through `shown`.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TextIO, cast

from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.table import Table as RichTable
from rich.text import Text

from waremind.cli.layout import Block, Cell, Paragraph, Prose, Record, Styled, Table, shown
from waremind.cli.streams import write
from waremind.cli.terminal import size_of

# The eight colours that every terminal's theme has made readable.
_STYLES = {"good": "green", "waiting": "yellow", "bad": "red", "faint": "dim", "strong": "bold"}
_COMMAND = r"""waremind [a-z]+(?: (?:"[^"]*"|'[^']*'|[\w./:@+=|-]+)(?=[ ;:,)]|$))*"""
_GLUE = "\udc20"  # holds a command together while lines are broken; `shown` leaves none in a text
_GAP = 2  # columns between those of a table
_NARROWEST = 12  # columns that a shortened cell keeps
_READABLE = 24  # columns beyond which a flexible cell gives way to an optional column


class _Paper:
    """What rich writes on: passes it on to `stream` at once."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.encoding = stream.encoding

    def write(self, text: str) -> None:
        """Write at once."""
        write(self._stream, text)

    def flush(self) -> None:
        """Do nothing: all is written."""


def console_of(stream: TextIO) -> Console:
    """Make a console of rich that draws on the terminal of `stream`, in its size and encoding."""
    width, height = size_of(stream)
    return Console(
        file=cast("TextIO", _Paper(stream)),
        width=width,
        height=height,
        force_terminal=True,
        color_system="standard",
        legacy_windows=False,
        markup=False,
        emoji=False,
        highlight=False,
    )


def draw(blocks: Iterable[Block], stream: TextIO) -> None:
    """Draw blocks on the terminal of `stream`."""
    console = console_of(stream)
    with console:  # all at once
        for each in renderables(blocks, console):
            console.print(each, soft_wrap=True)


def draw_help(text: str, stream: TextIO) -> None:
    """Draw the help of a command: what can be typed stands out."""
    found = Text(text)
    found.highlight_regex(r"(?m)^(Usage|\w+):", "bold")
    found.highlight_regex(r"(?m)(?<=^  )[a-z]+(?=  )", "cyan")
    found.highlight_regex(r"(?<![\w-])--?[a-z][a-z-]*", "cyan")
    console_of(stream).print(found, soft_wrap=True)


def renderables(blocks: Iterable[Block], console: Console) -> Iterator[RenderableType]:
    """Lay blocks out in the width of `console`."""
    for block in blocks:
        yield from _lines(block, console)


def _lines(block: Block, console: Console) -> Iterator[RenderableType]:
    match block:
        case Table():
            yield _table(block, console.width)
        case Record():
            for field in block.lines():
                yield from _prose(field, console)
        case Prose():
            yield from _prose(block, console)
        case Paragraph():
            for line in block.text.split("\n"):
                yield from _prose(Prose(line, block.indent), console)
        case _:
            yield _text(block)


def _text(cell: Cell) -> Text:
    style = _STYLES[cell.style] if isinstance(cell, Styled) else ""
    return Text(shown(cell), style, overflow="ignore")


def _prose(prose: Prose, console: Console) -> Iterator[Text]:
    """Break a sentence between words; a word or a command is left whole, so that it can be copied.

    What follows the first line stands below the words, not below the label.
    """
    label, text = _text(prose.label), _text(prose.text)
    text.plain = re.sub(_COMMAND, lambda found: found[0].replace(" ", _GLUE), text.plain)
    text.highlight_regex(f"waremind{_GLUE}[^ ;,)]*", "bold")
    for line in text.wrap(console, max(1, console.width - label.cell_len)):
        line.plain = line.plain.replace(_GLUE, " ").rstrip(" ")
        yield Text.assemble(label, line)
        label = Text(" " * label.cell_len)


def _table(table: Table, width: int) -> RichTable:
    columns = _Columns(table)
    columns.fit(width)
    drawn = RichTable(box=None, padding=(0, _GAP, 0, 0), pad_edge=False, header_style="bold")
    for title in columns.titles:
        drawn.add_column(title, min_width=columns.least(title), width=columns.fixed(title))
    for cells in columns.rows():
        drawn.add_row(*cells)
    # Rather too wide than with names that nobody recognises.
    needed = columns.needed(_NARROWEST)
    drawn.width = needed if needed > width else None
    return drawn


class _Columns:
    """The columns of a table that are shown: its `titles`, in their order."""

    def __init__(self, table: Table) -> None:
        self.titles = list(table.header)
        self._flexible = set(table.flexible)
        self._optional = table.optional
        columns = zip(*table.rows, strict=True) if table.rows else [()] * len(self.titles)
        self._cells = dict(
            zip(self.titles, (list(map(_cell, each)) for each in columns), strict=True)
        )
        self._widths = {
            title: max(map(cell_len, (title, *map(str, cells))))
            for title, cells in self._cells.items()
        }

    def fit(self, width: int) -> None:
        """Leave out what is optional and has no room, the last one first."""
        for title in reversed(self._optional):
            if self.needed(_READABLE) > width:
                self.titles.remove(title)

    def needed(self, flexible: int) -> int:
        """Say how wide the table is when no flexible column is wider than `flexible`."""
        widths = (
            min(self._widths[title], flexible) if title in self._flexible else self._widths[title]
            for title in self.titles
        )
        return sum(widths) + _GAP * (len(self.titles) - 1)

    def least(self, title: str) -> int:
        """Say how narrow a column may become."""
        return min(self._widths[title], _NARROWEST)

    def fixed(self, title: str) -> int | None:
        """Say how wide a column is; None when it is flexible."""
        return None if title in self._flexible else self._widths[title]

    def rows(self) -> Iterable[Sequence[Text]]:
        """Return the cells below the titles."""
        return zip(*(self._cells[title] for title in self.titles), strict=True)


def _cell(cell: Cell) -> Text:
    text = _text(cell)
    text.no_wrap, text.overflow = True, "ellipsis"
    return text
