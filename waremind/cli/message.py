"""The text of a message, from an argument, a file or stdin."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from waremind.errors import ErrorCode, WaremindError
from waremind.protocol import MAX_LINE

Text = Annotated[str | None, typer.Option("--text", "-m", metavar="TEXT", help="What to send.")]
TextFile = Annotated[
    str | None, typer.Option("--text-file", metavar="FILE", help="Read it there; -: from stdin.")
]

SOURCES = "name another file, or - for standard input"


def message_text(text: str | None, file: str | None, *, needed: bool = True) -> str:
    """Return the text that one of the two options gives, less one newline at its end.

    Where none is `needed` it may be empty.

    Raises WaremindError `usage` without exactly one, `not_found`, `permission_denied` or
    `invalid_input` when the file cannot be read.
    """
    found = given_text(text, file)
    if found is None and needed:
        message = "cannot read the command line: there is no text"
        raise WaremindError(ErrorCode.USAGE, message, hint="add: --text TEXT or --text-file FILE")
    return found or ""


def given_text(text: str | None, file: str | None) -> str | None:
    """Return the text as `message_text` does, or None when neither option gives one."""
    if text is not None and file is not None:
        message = "cannot read the command line: --text and --text-file exclude each other"
        raise WaremindError(ErrorCode.USAGE, message, hint="leave one of them out")
    found = text if file is None else read_text(file)
    return found if found is None else found.removesuffix("\n")


def read_text(file: str, what: str = "the text") -> str:
    """Return a file's text; `-` is standard input. Raises WaremindError as `message_text` does."""
    try:
        return _content(file).decode().replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        code, reason, hint = ErrorCode.INVALID_INPUT, _not_utf8(error), "save it as UTF-8"
    except FileNotFoundError:
        code, reason, hint = ErrorCode.NOT_FOUND, "there is no such file", SOURCES
    except PermissionError:
        code, reason, hint = ErrorCode.PERMISSION_DENIED, "no permission", "make it readable"
    except OSError as error:
        code, reason, hint = ErrorCode.INVALID_INPUT, error.strerror or str(error), SOURCES
    raise WaremindError(code, f"cannot read {what} from {file}: {reason}", hint=hint)


def _content(file: str) -> bytes:
    """Read no more than a request can carry: what is at the other end may never end."""
    if file == "-" and sys.stdin is None:  # pyright: ignore[reportUnnecessaryComparison] - `<&-`
        raise OSError(None, "standard input is closed")
    with sys.stdin.buffer if file == "-" else Path(file).open("rb") as opened:
        content = opened.read(MAX_LINE + 1)
    if len(content) > MAX_LINE:
        raise OSError(None, f"it is longer than {MAX_LINE} bytes")
    return content


def _not_utf8(error: UnicodeDecodeError) -> str:
    return f"byte {error.start + 1} is not UTF-8"
