"""The child's side of an upload: takes a file in pieces, and remembers where WhatsApp has it."""

import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from waremind.errors import ErrorCode, WaremindError
from waremind.whatsapp.child_protocol import UploadMedia
from waremind.whatsapp.gateway import Media

REMEMBERED_SECONDS = 3600.0  # a run's messages to other groups, and attempts after a failure
REMEMBERED = 16


class Uploaded(NamedTuple):
    """What the engine says of a file that WhatsApp has, and when that was (monotonic seconds)."""

    handle: Any
    at: float


class MediaUploads:
    """Uploads one file at a time, by the engine's `upload(media, content)`."""

    def __init__(self, upload: Callable[[Media, bytes], Any]) -> None:
        self._upload = upload
        self._uploading = threading.Lock()
        self._content = bytearray()
        self._uploaded: dict[tuple[str, str], Uploaded] = {}

    def find(self, media: Media) -> Any | None:
        """Return what the engine said of a file that was uploaded lately."""
        found = self._uploaded.get((media.kind, media.sha256))
        is_fresh = found and time.monotonic() - found.at < REMEMBERED_SECONDS
        return found.handle if found and is_fresh else None

    def take(self, request: UploadMedia) -> int:
        """Take a piece; returns how much of the file there is. Raises as the engine does."""
        media = request.media
        if not request.data:
            return media.size if self.find(media) else 0
        if not self._uploading.acquire(blocking=False):
            raise WaremindError(ErrorCode.BUSY, "an earlier upload has not ended yet")
        try:
            return self._take(request)
        finally:
            self._uploading.release()

    def _take(self, request: UploadMedia) -> int:
        media = request.media
        if request.offset == 0:
            self._content = bytearray()
        if request.offset != len(self._content):
            raise WaremindError(ErrorCode.INTERNAL, "a piece of the file is missing")
        self._content += request.data
        if (there := len(self._content)) == media.size:
            content, self._content = bytes(self._content), bytearray()
            self._remember(media, self._upload(media, content))
        return there

    def _remember(self, media: Media, handle: Any) -> None:
        self._uploaded.pop((media.kind, media.sha256), None)
        while len(self._uploaded) >= REMEMBERED:
            del self._uploaded[next(iter(self._uploaded))]
        self._uploaded[media.kind, media.sha256] = Uploaded(handle, time.monotonic())
