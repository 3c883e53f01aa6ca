"""The only place that prints: data to stdout, everything else to stderr.

Nothing that a stranger wrote (a group's name, a text) can steer the terminal: it is escaped here.
"""

from __future__ import annotations

import os
import sys

from waremind.cli.terminal import is_live, is_plain, size_of

# `typing` has it, but importing that is half of what `--version` costs.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, TextIO, TypeVar

    from waremind.cli.layout import Block
    from waremind.errors import WaremindError

    D = TypeVar("D")

BROKEN_PIPE = 141  # as a shell says of a process that SIGPIPE ended


class Output:
    """Prints for people, or with `json` for programs; `quiet` leaves only data and errors."""

    def __init__(self, *, json: bool = False, quiet: bool = False) -> None:
        self.json = json
        self.quiet = quiet

    def document(self, document: D, layout: Callable[[D], Iterable[Block]]) -> None:
        """Print a result: as it is, or for people in the given layout."""
        if self.json:
            _print_json(document, indent=is_live(sys.stdout))
            return
        from waremind.cli.layout import page_of  # noqa: PLC0415 - only people need it

        page = page_of(sys.stdout)
        for block in layout(document):
            for line in page.lines(block):
                self.line(line)

    def event(self, event: object) -> None:
        """Print one event of a stream, with `json` only."""
        if self.json:
            _print_json(event, indent=False)

    def line(self, line: str = "") -> None:
        """Print a line of data that is already fit for a terminal."""
        _write(sys.stdout, f"{line}\n")

    def draw(self, picture: str) -> None:
        """Print data with its own control sequences."""
        _write(sys.stdout, picture)

    def message(self, text: str) -> None:
        """Tell a person something that is no data; a program that reads JSON is told nothing."""
        if not (self.quiet or self.json):
            _say(sys.stderr, text)

    @property
    def live(self) -> bool:
        """Whether a person watches stdout on a terminal that can be drawn on."""
        return is_live(sys.stdout) and not is_plain() and not self.json

    def can_write(self, text: str) -> bool:
        """Tell whether stdout's encoding has these characters."""
        try:
            text.encode(sys.stdout.encoding)
        except UnicodeEncodeError:
            return False
        return True

    def caption(self, text: str) -> None:
        """Rewrite the last line of a live screen."""
        if not self.quiet and is_live(sys.stderr):
            _write(sys.stderr, f"\r{visible(text)}\x1b[K")

    def ask(self, question: str) -> str:
        """Ask the person at the terminal and return what was typed, "" at the end of input."""
        _write(sys.stderr, f"{visible(question)} ")
        return sys.stdin.readline().strip()

    def failure(self, failure: WaremindError) -> None:
        """Say what went wrong, why, and the cure; with `json` as one object on the last line."""
        if self.json:
            _write(sys.stderr, _failure_object(failure))
            return
        candidates: Any = failure.details.get("candidates", [])
        _say(sys.stderr, failure.message, label="error: ")
        for candidate in candidates:
            _say(sys.stderr, "  ".join(candidate.values()), label="  ")
        _say(sys.stderr, failure.hint, label="hint: ")

    def help(self, text: str) -> None:
        """Print the help that a command line without a command asks for."""
        _write(sys.stderr, f"{text}\n")

    def trace(self, traceback: str) -> None:
        """Print a traceback, for `--debug`."""
        _write(sys.stderr, traceback)


def visible(text: str) -> str:
    r"""Write characters that steer a terminal as escapes, such as `\x1b`."""
    if text.isascii() and text.isprintable():
        return text
    from waremind.domain.characters import escaped  # noqa: PLC0415 - seldom needed

    return escaped(text)


def _say(stream: TextIO | None, text: str, label: str = "") -> None:
    """Write a sentence as one line; on a terminal it is broken between words."""
    line = visible(text)
    if stream is not None and is_live(stream):
        from waremind.cli.text import wrapped  # noqa: PLC0415 - seldom needed

        line = "\n".join(wrapped(line, size_of(stream)[0], label))
    else:
        line = f"{label}{line}"
    _write(stream, f"{line}\n")


def _failure_object(failure: WaremindError) -> str:
    import msgspec  # noqa: PLC0415 - --version does without

    from waremind.protocol import error_object  # noqa: PLC0415

    error = error_object(failure)
    # What was typed in other bytes than UTF-8 is quoted here as it is on a terminal.
    texts = {
        name: getattr(error, name).encode(errors="backslashreplace").decode()
        for name in ("message", "hint")
    }
    return msgspec.json.encode({"error": msgspec.structs.replace(error, **texts)}).decode() + "\n"


def _print_json(document: object, *, indent: bool) -> None:
    import msgspec  # noqa: PLC0415 - --version does without

    line = msgspec.json.encode(document)
    text = (msgspec.json.format(line, indent=2) if indent else line).decode()
    if is_live(sys.stdout):
        from waremind.domain.characters import escaped_json  # noqa: PLC0415 - only a terminal needs it

        text = escaped_json(text)
    _write(sys.stdout, f"{text}\n", encoding="utf-8")


def _write(stream: TextIO | None, text: str, encoding: str | None = None) -> None:
    """Write at once; a stream that was closed (`>&-`) takes nothing.

    Raises WaremindError `internal` when data cannot be written.
    """
    if stream is None:
        return
    try:
        stream.flush()
        stream.buffer.write(text.encode(encoding or stream.encoding, errors="backslashreplace"))
        stream.flush()
    except BrokenPipeError:
        _abandon(stream)
        raise SystemExit(BROKEN_PIPE) from None
    except OSError as error:
        _abandon(stream)
        if stream is sys.stdout:  # a message that nobody can read is no failure
            raise _unwritable(stream, error) from None


def _abandon(stream: TextIO) -> None:
    """Keep the interpreter from trying, at its exit, to write what is left."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def _unwritable(stream: TextIO, error: OSError) -> WaremindError:
    from waremind.errors import ErrorCode, WaremindError  # noqa: PLC0415 - --version does without

    return WaremindError(
        ErrorCode.INTERNAL,
        f"cannot write to {stream.name}: {error.strerror}",
        hint="see where the output goes; what was asked has been done",
    )
