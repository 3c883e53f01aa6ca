"""The QR of a pairing on the terminal's second screen, which rich redraws in place."""

import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime

from rich.console import Group, RenderableType
from rich.live import Live
from rich.text import Text

from waremind.cli import qr
from waremind.cli.display import PATH_ON_PHONE, Display, Form, drawn_as
from waremind.cli.drawing import console_of, renderables
from waremind.cli.layout import Prose
from waremind.cli.output import Output
from waremind.cli.progress import Progress
from waremind.cli.terminal import in_foreground, is_live, size_of
from waremind.errors import WaremindError
from waremind.requests.account import PairQr

_OTHER_WAYS = [
    "  --qr-format png -o qr.png",
    "  --qr-format raw",
    "  --phone NUMBER",
]
_LONGEST_SECONDS = 300  # that a code is good
_PAPER = "black on bright_white"


class Screen(Display):
    """Draws the code in place; until there is one, `waiting` says what is waited for."""

    def __init__(self, output: Output, form: Form, waiting: Progress) -> None:
        self._drawn: qr.Drawn = drawn_as(form, output)
        self._waiting = waiting
        self._console = console_of(sys.stdout)
        self._code: PairQr | None = None
        self._modules: qr.Modules = ()
        self._live: Live | None = None  # while we are on the second screen

    def show(self, code: PairQr) -> None:
        """Draw it where the one before was."""
        self._waiting.pause()
        self._code = code
        self._modules = qr.modules_of(code.code)
        self.redraw()

    def update(self) -> None:
        """Count down, in the size that the terminal has now."""
        if self._code:
            self.redraw()
        else:
            self._waiting.update()

    def redraw(self) -> None:
        """Draw all of it, unless the shell has the terminal (Ctrl-Z, then `bg`)."""
        if not (self._code and in_foreground(sys.stdout)):
            return
        self._console.size = size_of(sys.stdout)
        if self._live is None:
            self._live = Live(
                console=self._console,
                screen=True,
                auto_refresh=False,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._live.start()
        picture = self._picture() or self._notice()
        self._live.update(Group(picture, *self._caption(self._code)), refresh=True)

    def _picture(self) -> RenderableType | None:
        """Draw with the widest border for which there is room; nothing when there is none."""
        for border in qr.BORDERS:
            modules = qr.bordered(self._modules, border)
            width, height = qr.size_of(len(modules), self._drawn)
            # The last row is the caption's.
            if width <= self._console.width and height < self._console.height:
                return small(modules) if self._drawn == "small" else large(modules)
        return None

    def _notice(self) -> RenderableType:
        columns, rows = self._console.size
        side = len(self._modules) + 2 * min(qr.BORDERS)
        width, height = qr.size_of(side, self._drawn)
        notice = [
            f"The QR needs {width} columns and {height + 1} rows; here are {columns} and {rows}.",
            "Enlarge the terminal or make its font smaller, and it appears.",
            "Or press Ctrl-C, and repeat the command with one of these:",
            *_OTHER_WAYS,
        ]
        return Group(*list(renderables(map(Prose, notice), self._console))[: rows - 1])

    def _caption(self, code: PairQr) -> Iterator[Text]:
        """Count down, for whoever has not sent stderr elsewhere."""
        left = datetime.fromisoformat(code.expires_at) - datetime.now(UTC)
        seconds = round(left.total_seconds())
        # The daemon's clock may be another machine's (ssh -L); nonsense is worse than nothing.
        clock = f"{seconds} s | " if 0 <= seconds <= _LONGEST_SECONDS else ""
        text = f"{clock}{PATH_ON_PHONE} | Ctrl-C leaves it running"
        if is_live(sys.stderr):
            yield Text(text, no_wrap=True, overflow="ellipsis")

    def pause(self) -> None:
        """Return to the first screen."""
        self._waiting.pause()
        if self._live is not None:
            self._live.stop()
        self._live = None

    def close(self) -> None:
        """Return to the first screen for good."""
        with suppress(WaremindError):  # the terminal may be gone
            self.pause()


def small(modules: qr.Modules) -> Text:
    """Draw two rows in one, black on white whatever the terminal's background is."""
    return Text("\n".join(qr.halves(modules, light_is_drawn=False)), _PAPER)


def large(modules: qr.Modules) -> Text:
    """Draw a module as two spaces, white or black."""
    # Spaces on black rather than full blocks: fonts may leave gaps between those.
    shades = {False: "on bright_white", True: "on black"}
    rows = (Text.assemble(*(("  ", shades[module]) for module in row)) for row in modules)
    return Text("\n").join(rows)
