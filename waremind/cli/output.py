"""Printing: data to stdout, everything else to stderr.

Nothing that a stranger wrote (a group's name, a text) can steer the terminal: it is escaped here.
"""

from __future__ import annotations

import sys

from waremind.cli.streams import write
from waremind.cli.terminal import is_live, is_plain

# `typing` has it, but importing that is half of what `--version` costs.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, TextIO, TypeGuard, TypeVar

    from waremind.cli.layout import Block
    from waremind.errors import WaremindError

    D = TypeVar("D")


class Output:
    """Prints for people, or with `json` for programs; `quiet` leaves only data and errors."""

    def __init__(self, *, json: bool = False, quiet: bool = False) -> None:
        self.json = json
        self.quiet = quiet

    def document(self, document: D, layout: Callable[[D], Iterable[Block]]) -> None:
        """Print a result: as it is, or for people in the given layout."""
        if self.json:
            _print_json(sys.stdout, document, indent=is_live(sys.stdout))
            return
        self._show(sys.stdout, layout(document))

    def event(self, event: object) -> None:
        """Print one event of a stream, with `json` only."""
        if self.json:
            _print_json(sys.stdout, event)

    def line(self, line: str = "") -> None:
        """Print a line of data as it is; on a terminal, what would steer it is escaped."""
        write(sys.stdout, f"{visible(line)}\n" if is_live(sys.stdout) else f"{line}\n")

    def lines(self, text: str) -> None:
        """Print a file with its own ends of lines; a terminal gets it as lines to look at."""
        if is_live(sys.stdout):
            for line in text.splitlines():
                self.line(line)
        else:
            write(sys.stdout, text, encoding="utf-8")

    def message(self, text: str) -> None:
        """Tell a person something that is no data; a program that reads JSON is told nothing."""
        if not (self.quiet or self.json):
            from waremind.cli.layout import Prose  # noqa: PLC0415 - --version does without

            self._show(sys.stderr, [Prose(text)])

    def draws(self, stream: TextIO | None) -> TypeGuard[TextIO]:
        """Tell whether a person watches `stream` on a terminal where rich may draw."""
        return is_live(stream) and not (is_plain() or self.json or self.quiet)

    def can_write(self, text: str) -> bool:
        """Tell whether stdout's encoding has these characters."""
        try:
            text.encode(sys.stdout.encoding)
        except UnicodeEncodeError:
            return False
        return True

    def ask(self, question: str) -> str:
        """Ask the person at the terminal and return what was typed, "" at the end of input."""
        write(sys.stderr, f"{visible(question)} ")
        return sys.stdin.readline().strip()

    def failure(self, failure: WaremindError) -> None:
        """Say what went wrong, why, and the cure; with `json` as one object on the last line."""
        if self.json:
            _print_json(sys.stderr, _failure_object(failure))
            return
        from waremind.cli.layout import Prose, Styled  # noqa: PLC0415 - --version does without

        candidates: Any = failure.details.get("candidates", [])
        self._show(
            sys.stderr,
            [
                Prose(failure.message, Styled("error: ", "bad")),
                *(Prose("  ".join(candidate.values()), "  ") for candidate in candidates),
                Prose(failure.hint, Styled("hint: ", "strong")),
            ],
        )

    def help(self, text: str, *, asked: bool) -> None:
        """Print a command's help: `asked` for, or because the line had no command."""
        stream = sys.stdout if asked else sys.stderr
        if self.draws(stream):
            from waremind.cli.drawing import draw_help  # noqa: PLC0415 - only people need it

            draw_help(text, stream)
        else:
            write(stream, f"{text}\n")

    def trace(self, traceback: str) -> None:
        """Print a traceback, for `--debug`."""
        for line in traceback.removesuffix("\n").split("\n"):
            write(sys.stderr, f"{visible(line)}\n")

    def _show(self, stream: TextIO | None, blocks: Iterable[Block]) -> None:
        if self.draws(stream):
            from waremind.cli.drawing import draw  # noqa: PLC0415 - only people need it

            draw(blocks, stream)
            return
        from waremind.cli.layout import plain_lines  # noqa: PLC0415 - --version does without

        lines = (line for block in blocks for line in plain_lines(block))
        write(stream, "".join(f"{line}\n" for line in lines))


def visible(text: str) -> str:
    r"""Write characters that steer a terminal, or that nobody sees, as escapes: `\x1b`."""
    if text.isascii() and text.isprintable():
        return text
    from waremind.domain.characters import escaped  # noqa: PLC0415 - seldom needed

    return escaped(text)


def _failure_object(failure: WaremindError) -> object:
    import msgspec  # noqa: PLC0415 - --version does without

    from waremind.protocol import error_object  # noqa: PLC0415

    error = error_object(failure)
    # What was typed in other bytes than UTF-8 is quoted here as it is on a terminal.
    texts = {
        name: getattr(error, name).encode(errors="backslashreplace").decode()
        for name in ("message", "hint")
    }
    return {"error": msgspec.structs.replace(error, **texts)}


def _print_json(stream: TextIO | None, document: object, *, indent: bool = False) -> None:
    import msgspec  # noqa: PLC0415 - --version does without

    line = msgspec.json.encode(document)
    text = (msgspec.json.format(line, indent=2) if indent else line).decode()
    if is_live(stream):
        from waremind.domain.characters import escaped_json  # noqa: PLC0415 - only a terminal needs it

        text = escaped_json(text)
    write(stream, f"{text}\n", encoding="utf-8")
