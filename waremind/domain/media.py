"""What a message may carry beside its text: an image or a document, and what phones make of it."""

import mimetypes
import re
import struct
from typing import Literal, NamedTuple

from msgspec import Struct

from waremind.domain.ids import shown
from waremind.errors import ErrorCode, WaremindError

MediaKind = Literal["image", "document"]

LARGEST = 16 << 20  # bytes
LONGEST_NAME = 255
ANYTHING = "application/octet-stream"

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
# Of JPEG's markers (ITU-T T.81, table B.1) those of a frame, which says how large it is.
_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
# By name only: what /etc/mime.types says differs from machine to machine.
_TYPES = mimetypes.MimeTypes(filenames=())


class Attachment(Struct, frozen=True):
    """An image or a document of a message, by the SHA-256 of its content."""

    kind: MediaKind
    sha256: str
    name: str


class Image(NamedTuple):
    """An image that phones show; pixels, None where its header does not say."""

    type: str
    width: int | None
    height: int | None


def image_of(head: bytes) -> Image | None:
    """Read the beginning of a file; None: it is neither a JPEG nor a PNG."""
    if head.startswith(_PNG) and head[12:16] == b"IHDR" and len(head) >= 24:  # noqa: PLR2004
        return Image("image/png", *struct.unpack(">II", head[16:24]))
    if head.startswith(_JPEG):
        return Image("image/jpeg", *_jpeg_size(head))
    return None


def _jpeg_size(head: bytes) -> tuple[int | None, int | None]:
    """Walk the segments up to the first frame."""
    place = 2
    while place + 9 <= len(head) and head[place] == 0xFF:  # noqa: PLR2004 - a marker
        marker, length = head[place + 1], int.from_bytes(head[place + 2 : place + 4])
        if marker in _FRAMES:
            height, width = struct.unpack(">HH", head[place + 5 : place + 9])
            return width, height or None
        place += 2 + length
    return None, None


def type_of(attachment: Attachment, image: Image | None) -> str:
    """Say which type (RFC 2046) a message gives its file."""
    if attachment.kind == "image" and image:
        return image.type
    return _TYPES.guess_type(attachment.name, strict=False)[0] or ANYTHING


def checked_name(name: str) -> str:
    """Return a file's name as phones show it. Raises WaremindError `invalid_input`."""
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable() or re.search(r"[/\\]", name):
        reason = f"it is not 1-{LONGEST_NAME} printable characters without slashes"
        raise unusable(name, reason, "rename the file")
    return name


def check_size(name: str, size: int) -> None:
    """Refuse a file that is too large, or empty. Raises WaremindError `invalid_input`."""
    if size == 0:
        raise unusable(name, "it is empty", "name another file")
    if size > LARGEST:
        reason = f"it has {size} bytes, more than {LARGEST} (16 MiB)"
        raise unusable(name, reason, "make it smaller, or write in the text where it is found")


def no_image(name: str) -> WaremindError:
    """Say that a file is no image that phones show."""
    hint = f"convert it, or send it as it is: --document {shown(name)}"
    return unusable(name, "it is neither a JPEG nor a PNG", hint)


def unusable(name: str, reason: str, hint: str) -> WaremindError:
    """Say why a file cannot be sent."""
    return WaremindError(
        ErrorCode.INVALID_INPUT, f"cannot send the file {shown(name)}: {reason}", hint=hint
    )
