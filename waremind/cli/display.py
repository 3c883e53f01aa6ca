"""Where the QR of a pairing is shown, and how it is printed where nothing can be redrawn."""

from typing import Literal

from waremind.cli import qr
from waremind.cli.output import Output
from waremind.cli.views import here
from waremind.requests.account import PairQr

Form = Literal["auto", "small", "large", "ascii", "raw", "png"]

PATH_ON_PHONE = "WhatsApp > Linked devices > Link a device"


class Display:
    """Shows nothing: what a program that reads JSON needs."""

    def show(self, code: PairQr) -> None:
        """Show a new code instead of the one before."""

    def update(self) -> None:
        """Show how time goes by."""

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
    return qr.draw(modules, drawn_as(form, output))


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
