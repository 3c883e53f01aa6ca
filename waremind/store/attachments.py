"""The columns by which a reminder or a run refers to the media of its message."""

from typing import Any, Protocol

from waremind.domain.media import Attachment, MediaKind


class Attaching(Protocol):
    """A row that may have an image or a document; `media` is its content's SHA-256."""

    @property
    def media(self) -> str | None:
        """The content; None: there is none, or none any more."""
        ...

    @property
    def media_kind(self) -> MediaKind | None:
        """What it is to phones."""
        ...

    @property
    def media_name(self) -> str | None:
        """The file's name."""
        ...


def attachment_of(row: Attaching) -> Attachment | None:
    """Return what a row's message carries."""
    if row.media and row.media_kind and row.media_name:
        return Attachment(row.media_kind, row.media, row.media_name)
    return None


def attaching(attachment: Attachment | None) -> dict[str, Any]:
    """Say in a row's columns what its message carries."""
    return {
        "media": attachment and attachment.sha256,
        "media_kind": attachment and attachment.kind,
        "media_name": attachment and attachment.name,
    }
