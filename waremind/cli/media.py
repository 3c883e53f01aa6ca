"""The image or the document that goes with a text: read, and handed over in pieces."""

import os
import stat
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import cache, partial
from io import BufferedReader, BytesIO
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from waremind.cli.invocation import Invocation
from waremind.client import Client
from waremind.domain.ids import shown
from waremind.domain.media import LARGEST, check_size, checked_name
from waremind.errors import ErrorCode, WaremindError
from waremind.objects import MediaFile, MediaKind
from waremind.requests.core import Request

R = TypeVar("R")
Bytes = BufferedReader | BytesIO

ImageFile = Annotated[
    str | None,
    typer.Option(
        "--image", metavar="FILE", help="A JPEG or PNG, -: stdin; the text is its caption."
    ),
]
DocumentFile = Annotated[
    str | None,
    typer.Option("--document", metavar="FILE", help="Any file, -: stdin; the text is its caption."),
]
FileName = Annotated[
    str | None,
    typer.Option("--file-name", metavar="NAME", help="What phones call the document."),
]
# What phones do not show.
IMAGE_NAME = "image"


@dataclass(frozen=True, slots=True)
class GivenFile:
    """A file that was named, and what is asked for with it."""

    opened: Callable[[], Bytes]
    size: int
    media: MediaFile

    def hand_over(self, client: Client) -> None:
        """Give the daemon what it has not got of it. Raises WaremindError."""
        with closing(self.opened()) as file:
            client.upload(file, self.media.sha256 or "", self.size)


def given_file(
    image: str | None, document: str | None, name: str | None, text_file: str | None
) -> GivenFile | None:
    """Read what --image or --document names; None: neither names a file.

    Raises WaremindError `usage` for both, or for what cannot be said beside them, `not_found`,
    `permission_denied` or `invalid_input`.
    """
    if image and document:
        raise _usage("--image and --document exclude each other", "leave one of them out")
    file = image or document
    if name is not None and not document:
        raise _usage("--file-name is about a document", "name one: --document FILE")
    if file == "-":
        if text_file == "-":
            reason = "standard input is the text's or the file's, not both"
            raise _usage(reason, "give the text by --text")
        if document and name is None:
            raise _usage("--document - has no name", "say what phones call it: --file-name NAME")
        return _read(name or IMAGE_NAME, "image" if image else "document", _piped)
    if file:
        path = Path(file)
        opened = partial(_opened, path)
        return _read(name or path.name, "image" if image else "document", opened)
    return None


def call(cli: Invocation, request: Request[R], file: GivenFile | None) -> R:
    """Ask the daemon once, for what has a file or none."""
    with cli.client() as client:
        if file:
            file.hand_over(client)
        return client.call(request)


def _usage(reason: str, hint: str) -> WaremindError:
    return WaremindError(ErrorCode.USAGE, f"cannot read the command line: {reason}", hint=hint)


def _read(name: str, kind: MediaKind, opened: Callable[[], Bytes]) -> GivenFile:
    import hashlib  # noqa: PLC0415 - only this needs it

    checked_name(name)
    with closing(opened()) as file:
        size = file.seek(0, os.SEEK_END)
        check_size(name, size)
        file.seek(0)
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return GivenFile(opened, size, MediaFile(kind=kind, name=name, sha256=digest))


@cache
def _standard_input() -> bytes:
    """Read no more than may be sent: what is at the other end may never end."""
    if sys.stdin is None:  # pyright: ignore[reportUnnecessaryComparison] - `<&-`
        message = "cannot read the file from standard input: it is closed"
        raise WaremindError(ErrorCode.INVALID_INPUT, message, hint="name a file")
    return sys.stdin.buffer.read(LARGEST + 1)


def _piped() -> Bytes:
    return BytesIO(_standard_input())


def _opened(path: Path) -> Bytes:
    """Open a file that can be read more than once."""
    try:
        if stat.S_ISREG(path.stat().st_mode):
            return path.open("rb")
        code, reason = ErrorCode.INVALID_INPUT, "it is no regular file"
    except FileNotFoundError:
        code, reason = ErrorCode.NOT_FOUND, "there is no such file"
    except PermissionError:
        code, reason = ErrorCode.PERMISSION_DENIED, "no permission"
    except OSError as error:
        code, reason = ErrorCode.INVALID_INPUT, error.strerror or str(error)
    message = f"cannot read the file {shown(str(path))}: {reason}"
    raise WaremindError(code, message, hint="name another")
