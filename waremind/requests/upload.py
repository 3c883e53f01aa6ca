"""The request by which a file comes to the daemon, in pieces: a line carries less than a file."""

from typing import ClassVar

from msgspec import Struct

from waremind.requests.core import Access, Request

PIECE_BYTES = 512 << 10  # as base64 well below the longest line


class Uploaded(Struct, frozen=True):
    """How much of the file the daemon has: `received` bytes from its beginning."""

    received: int


class Upload(Request[Uploaded], frozen=True, kw_only=True):
    """Hand over a piece of a file, for another request of this connection that names its `sha256`.

    `size` is the whole file's, `offset` is where the piece belongs: at the end of what was
    `received`. Without `data` it only asks how much that is: all of it, where the daemon keeps that
    content already. A connection has one file; another `sha256`, or the connection's end, drops it.
    """

    method = "upload"
    access: ClassVar[Access] = "operate"
    sha256: str
    size: int
    offset: int = 0
    data: bytes = b""
