"""Where the QR of a pairing is shown: on a live screen, or printed one below the other."""

import sys
from contextlib import suppress
from datetime import UTC, datetime
from typing import Literal

from waremind.cli import qr
from waremind.cli.output import Output
from waremind.cli.terminal import in_foreground, size_of
from waremind.cli.text import shortened, wrapped
from waremind.cli.views import here
from waremind.errors import WaremindError
from waremind.requests.account import PairQr

Form = Literal["auto", "small", "large", "ascii", "raw", "png"]

PATH_ON_PHONE = "WhatsApp > Linked devices > Link a device"
_ENTER = "\x1b[?1049h\x1b[?25l"  # the terminal's second screen; no cursor
_LEAVE = "\x1b[?25h\x1b[?1049l"
_OTHER_WAYS = [
    "  --qr-format png -o qr.png",
    "  --qr-format raw",
    "  --phone NUMBER",
]
_LONGEST_SECONDS = 300  # that a code is good
_HOME = "\x1b[H"
_CLEAR_LINE = "\x1b[K"
_CLEAR_BELOW = "\x1b[J"


class Display:
    """Shows nothing: what a program that reads JSON needs."""

    def show(self, code: PairQr) -> None:
        """Show a new code instead of the one before."""

    def update(self) -> None:
        """Look at the clock."""

    def redraw(self) -> None:
        """Draw the code again: the terminal may show something else."""

    def pause(self) -> None:
        """Give the terminal back to the shell, until the code is drawn again."""

    def close(self) -> None:
        """Take the last code away."""


def drawn_as(form: Form, output: Output) -> qr.Drawn:
    """Say how to draw a code of this form: `auto` is the smallest that can be written."""
    match form:
        case "small" | "large" | "ascii":
            return form
        case _:
            return "small" if output.can_write("▀▄█") else "ascii"


def lines_of(code: str, form: Form, output: Output) -> list[str]:
    """Write a code as lines without colour."""
    if form == "raw":
        return [code]
    modules = qr.bordered(qr.modules_of(code), min(qr.BORDERS))
    return qr.draw(modules, drawn_as(form, output), colour=False)


class Scroll(Display):
    """Prints each code once, one below the other."""

    def __init__(self, output: Output, form: Form) -> None:
        self._output = output
        self._form: Form = form

    def show(self, code: PairQr) -> None:
        """Print it, and how long it is good."""
        for line in lines_of(code.code, self._form, self._output):
            self._output.line(line)
        self._output.message(f"scan it until {here(code.expires_at)}: {PATH_ON_PHONE}")


class Screen(Display):
    """Draws the code in place on the terminal's second screen, which forgets it afterwards."""

    def __init__(self, output: Output, form: Form) -> None:
        self._output = output
        self._drawn: qr.Drawn = drawn_as(form, output)
        self._code: PairQr | None = None
        self._modules: qr.Modules = ()
        self._size: tuple[int, int] | None = None  # the second screen's, while we are on it

    def show(self, code: PairQr) -> None:
        """Draw it where the one before was."""
        self._code = code
        self._modules = qr.modules_of(code.code)
        self.redraw()

    def update(self) -> None:
        """Count down; draw anew when the terminal has another size."""
        size = size_of(sys.stdout)
        if self._size != size:
            self.redraw()
        elif self._code and in_foreground(sys.stdout):
            self._count_down(self._code, size)

    def redraw(self) -> None:
        """Draw all of it, unless the shell has the terminal (Ctrl-Z, then `bg`)."""
        if not (self._code and in_foreground(sys.stdout)):
            return
        if self._size is None:
            self._output.draw(_ENTER)
        self._size = size_of(sys.stdout)
        lines = self._picture(*self._size) or self._notice(*self._size)
        self._output.draw(_HOME + "".join(f"{line}{_CLEAR_LINE}\n" for line in lines))
        self._output.draw(_CLEAR_BELOW)
        self._count_down(self._code, self._size)

    def _picture(self, columns: int, rows: int) -> list[str]:
        """Draw with the widest border for which there is room; nothing when there is none."""
        for border in qr.BORDERS:
            modules = qr.bordered(self._modules, border)
            width, height = qr.size_of(len(modules), self._drawn)
            if width <= columns and height < rows:  # the last row is the caption's
                return qr.draw(modules, self._drawn, colour=True)
        return []

    def _notice(self, columns: int, rows: int) -> list[str]:
        side = len(self._modules) + 2 * min(qr.BORDERS)
        width, height = qr.size_of(side, self._drawn)
        notice = [
            f"The QR needs {width} columns and {height + 1} rows; here are {columns} and {rows}.",
            "Enlarge the terminal or make its font smaller, and it appears.",
            "Or press Ctrl-C, and repeat the command with one of these:",
            *_OTHER_WAYS,
        ]
        lines = [line for sentence in notice for line in wrapped(sentence, columns)]
        return lines[: rows - 1]

    def _count_down(self, code: PairQr, size: tuple[int, int]) -> None:
        left = datetime.fromisoformat(code.expires_at) - datetime.now(UTC)
        seconds = round(left.total_seconds())
        # The daemon's clock may be another machine's (ssh -L); nonsense is worse than nothing.
        clock = f"{seconds} s | " if 0 <= seconds <= _LONGEST_SECONDS else ""
        text = f"{clock}{PATH_ON_PHONE} | Ctrl-C leaves it running"
        self._output.caption(shortened(text, size[0] - 1))

    def pause(self) -> None:
        """Return to the first screen."""
        if self._size is not None:
            self._output.draw(_LEAVE)
        self._size = None

    def close(self) -> None:
        """Return to the first screen for good."""
        with suppress(WaremindError):  # the terminal may be gone
            self.pause()
