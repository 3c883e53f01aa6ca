"""Files that clients hand over in pieces: on disk without a name, as long as they are connected."""

import asyncio
import hashlib
import re
import tempfile
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import BinaryIO, TypeVar, cast

from waremind.domain.ids import shown
from waremind.errors import ErrorCode, WaremindError
from waremind.requests.upload import PIECE_BYTES, Upload

T = TypeVar("T")
R = TypeVar("R")

LARGEST = 64 << 20
MOST_OF_ONE = 64 << 20  # of one uid
MOST = 256 << 20  # of everybody
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)


class UploadRoom:
    """How many bytes of files each uid may have on disk."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.taken: Counter[int] = Counter()

    def take(self, uid: int, size: int) -> None:
        """Take room for a file. Raises WaremindError `busy`."""
        if self.taken[uid] + size > MOST_OF_ONE or self.taken.total() + size > MOST:
            message = f"cannot take the file for uid {uid}: there is no room for {size} bytes more"
            hint = (
                f"a Unix user has {MOST_OF_ONE >> 20} MiB for files on their way, all together "
                f"{MOST >> 20} MiB; try again when others have ended"
            )
            raise WaremindError(ErrorCode.BUSY, message, hint=hint)
        self.taken[uid] += size

    def give(self, uid: int, size: int) -> None:
        """Give room back."""
        self.taken[uid] -= size
        self.taken += Counter()  # forgets who has none


class UploadedFile:
    """A file as far as it has come; `is_whole` only when it is what its digest says."""

    def __init__(self, directory: Path, sha256: str, size: int) -> None:
        self.sha256 = sha256
        self.size = size
        self.received = 0
        # Without a name: nothing is left of it, whatever ends the daemon.
        self._file = cast("BinaryIO", tempfile.TemporaryFile(dir=directory))  # noqa: SIM115
        self._using = threading.Lock()  # requests of one connection are answered side by side
        self._digest = hashlib.sha256()

    @property
    def is_whole(self) -> bool:
        """Whether all of it has come."""
        return self.received == self.size

    async def append(self, data: bytes) -> None:
        """Add a piece. Raises WaremindError `invalid_input` when the whole is another file."""
        try:
            await self._in_thread(self._append, data)
        except OSError as error:
            message = f"cannot keep the file: {error.strerror}"
            hint = "make room where the daemon has its state: waremind doctor"
            raise WaremindError(ErrorCode.INTERNAL, message, hint=hint) from None
        if self.is_whole and self._digest.hexdigest() != self.sha256:
            raise _refused("it is not what its SHA-256 says", "it has changed meanwhile; try again")

    def _append(self, data: bytes) -> None:
        with self._using:
            self._file.seek(self.received)
            self._file.write(data)
            self._file.flush()
        self._digest.update(data)
        self.received += len(data)

    async def pieces(self) -> AsyncIterator[bytes]:
        """Read it, piece by piece."""
        for offset in range(0, self.received, PIECE_BYTES):
            yield await self._in_thread(self._read, offset)

    def _read(self, offset: int) -> bytes:
        with self._using:
            self._file.seek(offset)
            return self._file.read(PIECE_BYTES)

    async def _in_thread(self, work: Callable[[T], R], what: T) -> R:
        """Do something with the file. Raises WaremindError `invalid_input` when it was dropped."""
        try:
            return await asyncio.to_thread(work, what)
        except ValueError:  # it is closed
            reason = "another one came on its connection before it was read"
            raise _refused(reason, "hand it over again, and wait for the answer") from None

    def close(self) -> None:
        """Drop it."""
        self._file.close()


class ConnectionUploads:
    """The file that one connection hands over."""

    def __init__(self, room: UploadRoom, uid: int) -> None:
        self._room = room
        self._uid = uid
        self._adding = asyncio.Lock()
        self._file: UploadedFile | None = None

    async def add(self, request: Upload) -> int:
        """Take a piece, or begin; returns how much has been received.

        Raises WaremindError `invalid_input` or `busy`.
        """
        async with self._adding:
            file = self._file
            if file is None or file.sha256 != request.sha256:
                file = self._begin(request)
            if not request.data:
                return file.received
            if request.offset != file.received or request.offset + len(request.data) > file.size:
                reason = f"{file.received} of {file.size} bytes have been received"
                raise _refused(reason, "send what comes next: its offset is what was received")
            try:
                await file.append(request.data)
            except WaremindError:
                self.close()
                raise
            return file.received

    def whole(self, sha256: str) -> UploadedFile | None:
        """Return the file with this digest if all of it is there."""
        file = self._file
        return file if file and file.sha256 == sha256 and file.is_whole else None

    def close(self) -> None:
        """Drop the file."""
        if self._file is not None:
            self._file.close()
            self._room.give(self._uid, self._file.size)
            self._file = None

    def _begin(self, request: Upload) -> UploadedFile:
        if not _SHA256.fullmatch(request.sha256):
            reason = f"{shown(request.sha256)} is no SHA-256"
            raise _refused(reason, "give its digest in lower case, as sha256sum prints it")
        if not 0 < request.size <= LARGEST:
            reason = f"{request.size} bytes are not within 1 and {LARGEST}"
            raise _refused(reason, f"send a file of at most {LARGEST >> 20} MiB")
        self.close()
        self._room.take(self._uid, request.size)
        try:
            self._file = UploadedFile(self._room.directory, request.sha256, request.size)
        except OSError as error:
            self._room.give(self._uid, request.size)
            message = f"cannot keep the file: {error.strerror}"
            raise WaremindError(ErrorCode.INTERNAL, message, hint="waremind doctor") from None
        return self._file


def _refused(reason: str, hint: str) -> WaremindError:
    return WaremindError(ErrorCode.INVALID_INPUT, f"cannot take the file: {reason}", hint=hint)
