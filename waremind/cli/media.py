"""The image or the document that goes with a text: read, and handed over in pieces."""

import stat
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from waremind.cli.invocation import Invocation
from waremind.client import Client
from waremind.domain.ids import shown
from waremind.domain.media import check_size, checked_name
from waremind.errors import ErrorCode, WaremindError
from waremind.objects import MediaFile, MediaKind
from waremind.requests.core import Request

R = TypeVar("R")

ImageFile = Annotated[
    str | None,
    typer.Option("--image", metavar="FILE", help="A JPEG or PNG; the text is its caption."),
]
DocumentFile = Annotated[
    str | None,
    typer.Option("--document", metavar="FILE", help="Any file; the text is its caption."),
]


@dataclass(frozen=True, slots=True)
class GivenFile:
    """A file that was named, and what is asked for with it."""

    path: Path
    size: int
    media: MediaFile

    def hand_over(self, client: Client) -> None:
        """Give the daemon what it has not got of it. Raises WaremindError."""
        with _opened(self.path) as file:
            client.upload(file, self.media.sha256 or "", self.size)


def given_file(image: str | None, document: str | None) -> GivenFile | None:
    """Read what --image or --document names; None: neither names a file.

    Raises WaremindError `usage` for both, `not_found`, `permission_denied` or `invalid_input`.
    """
    if image and document:
        message = "cannot read the command line: --image and --document exclude each other"
        raise WaremindError(ErrorCode.USAGE, message, hint="leave one of them out")
    if image or document:
        return _read(Path(image or document or ""), "image" if image else "document")
    return None


def call(cli: Invocation, request: Request[R], file: GivenFile | None) -> R:
    """Ask the daemon once, for what has a file or none."""
    with cli.client() as client:
        if file:
            file.hand_over(client)
        return client.call(request)


def _read(path: Path, kind: MediaKind) -> GivenFile:
    import hashlib  # noqa: PLC0415 - only this needs it

    name = checked_name(path.name)
    with _opened(path) as file:
        size = path.stat().st_size
        check_size(name, size)
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return GivenFile(path, size, MediaFile(kind=kind, name=name, sha256=digest))


def _opened(path: Path) -> BufferedReader:
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
