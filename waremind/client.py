"""The blocking client: `call(request)` gives the result, `watch(request)` a stream's events."""

import os
import socket
import stat
import struct
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self, TypeVar

import msgspec

from waremind import protocol
from waremind.errors import ErrorCode, WaremindError
from waremind.paths import SOCKET_PATH_LIMIT
from waremind.requests.core import Request
from waremind.requests.upload import PIECE_BYTES, Upload

R = TypeVar("R")

HANGS = "see what keeps it: systemctl status waremind, or the log of the daemon"
# What the daemon may take for a request that is not told to wait longer.
ANSWER_SECONDS = 30.0


class Client:
    """A connection to the daemon; use it in a `with` statement.

    Raises WaremindError `daemon_unreachable` or `permission_denied` when made, and whatever the
    daemon answers when called.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._socket = _connect(path)
        self._lines = self._socket.makefile("rb")
        self._id = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Hang up; what the daemon does for us goes on or ends as the request says."""
        # Wakes a thread that still reads: closing what it reads from would wait for it.
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._lines.close()
        self._socket.close()

    def call(self, request: Request[R], patience_seconds: float | None = ANSWER_SECONDS) -> R:
        """Ask and wait for the result.

        Raises WaremindError: the daemon's, or `timed_out` after `patience_seconds`
        (None: wait for ever).
        """
        self._send(request)
        while isinstance(answer := self._receive(request, patience_seconds), protocol.StreamEvent):
            pass
        return answer

    def upload(self, file: BinaryIO, sha256: str, size: int) -> None:
        """Hand a file over, for a later request of this connection that names its digest.

        Raises WaremindError: the daemon's, or `invalid_input` when the file has become shorter.
        """
        received = self.call(Upload(sha256=sha256, size=size)).received
        while received < size:
            file.seek(received)
            data = file.read(min(PIECE_BYTES, size - received))
            if not data:
                message = "cannot hand the file over: it has become shorter"
                raise WaremindError(ErrorCode.INVALID_INPUT, message, hint="try again")
            piece = Upload(sha256=sha256, size=size, offset=received, data=data)
            received = self.call(piece).received

    def watch(self, request: Request[R], event: Any) -> Iterator[Any]:
        """Ask and yield each event of the stream as type `event`, the result last."""
        self._send(request)
        while isinstance(answer := self._receive(request, None), protocol.StreamEvent):
            yield msgspec.json.decode(answer.event, type=event)
        yield answer

    def _send(self, request: Request[Any]) -> None:
        self._id += 1
        try:
            line = protocol.encode_call(self._id, request)
        except UnicodeEncodeError:
            raise _not_utf8() from None
        if len(line) > protocol.MAX_LINE:
            raise protocol.too_long().failure
        try:
            self._socket.sendall(line)
        except BrokenPipeError:
            pass  # who lets us in no further has said why before it hung up
        except OSError as error:
            raise _lost(error) from None

    def _receive(self, request: Request[Any], patience_seconds: float | None) -> Any:
        self._socket.settimeout(patience_seconds)
        try:
            line = self._lines.readline()
        except TimeoutError:
            message = f"cannot wait longer: the daemon did not answer in {patience_seconds:g} s"
            raise WaremindError(ErrorCode.TIMED_OUT, message, hint=HANGS) from None
        except OSError as error:
            raise _lost(error) from None
        if not line.endswith(b"\n"):
            raise _broken_off() if line else _lost(None)
        return protocol.decode_answer(line, request)


def _not_utf8() -> WaremindError:
    return WaremindError(
        ErrorCode.INVALID_INPUT,
        "cannot ask the daemon: what was typed is not UTF-8",
        hint="use a UTF-8 locale, such as LANG=C.UTF-8",
    )


def _lost(error: OSError | None) -> WaremindError:
    reason = error.strerror if error else "the daemon hung up"
    return WaremindError(
        ErrorCode.DAEMON_UNREACHABLE,
        f"cannot hear the daemon any more: {reason}",
        hint="waremind status says whether it is back; what was asked may have been done",
    )


def _broken_off() -> WaremindError:
    """Say that a long answer has no end: the daemon's database failed meanwhile, or itself."""
    return WaremindError(
        ErrorCode.DAEMON_UNREACHABLE,
        "cannot hear the daemon to the end: it broke off its answer",
        hint="ask again; waremind status says how it and its database are",
    )


def _connect(path: Path) -> socket.socket:
    if len(bytes(path)) > SOCKET_PATH_LIMIT:
        message = f"cannot use the socket {path}: the path is longer than {SOCKET_PATH_LIMIT} bytes"
        raise WaremindError(ErrorCode.INVALID_INPUT, message, hint="choose a shorter one: --socket")
    connection = socket.socket(socket.AF_UNIX)
    try:
        _wait_for_a_place(connection, path)
    except OSError as error:
        connection.close()
        raise _unreachable(path, error) from None
    connection.settimeout(ANSWER_SECONDS)
    return connection


def _wait_for_a_place(connection: socket.socket, path: Path) -> None:
    """Connect; wait `ANSWER_SECONDS` at most while the daemon's queue is full.

    Python's own timeout would make the socket non-blocking, for which a full queue is an error at
    once (EAGAIN, unix(7)).
    """
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _timeval(ANSWER_SECONDS))
    connection.connect(str(path))
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _timeval(0))


def _timeval(seconds: float) -> bytes:
    whole, rest = divmod(round(seconds * 1_000_000), 1_000_000)
    return struct.pack("@ll", whole, rest)


def _way_in(path: Path) -> str:
    """Say who may use a socket that we may not: its group, or its owner alone."""
    import grp  # noqa: PLC0415 - only this needs them
    import pwd  # noqa: PLC0415

    status = _barrier(path)
    needed = stat.S_IXGRP if stat.S_ISDIR(status.st_mode) else stat.S_IWGRP
    with suppress(KeyError):
        if status.st_mode & needed and status.st_gid:
            group = grp.getgrgid(status.st_gid).gr_name
            join = f"usermod -aG {group} USER"
            return f"become a member of the group {group} ({join}), then log in again"
        owner = pwd.getpwuid(status.st_uid).pw_name
        return f"it is private to the user {owner}: be that user, or name another: --socket PATH"
    return f"it is private to uid {status.st_uid} and gid {status.st_gid}; name another: --socket"


def _barrier(path: Path) -> os.stat_result:
    """Look at what keeps us out: the last thing on the way to `path` that can be seen."""
    for place in (path, *path.parents):
        with suppress(OSError):
            return place.stat()
    raise AssertionError(path)  # everybody sees /


def _unreachable(path: Path, error: OSError) -> WaremindError:
    if isinstance(error, PermissionError):
        message = f"cannot reach the daemon: no permission for {path}"
        return WaremindError(ErrorCode.PERMISSION_DENIED, message, hint=_way_in(path))
    if isinstance(error, BlockingIOError):
        message = f"cannot wait longer: the daemon let nobody in for {ANSWER_SECONDS:g} s"
        return WaremindError(ErrorCode.TIMED_OUT, message, hint=HANGS)
    reasons: dict[type[OSError], str] = {
        FileNotFoundError: f"there is no socket {path}",
        ConnectionRefusedError: f"nobody listens on {path}",
    }
    reason = reasons.get(type(error), f"{path}: {error.strerror}")
    return WaremindError(ErrorCode.DAEMON_UNREACHABLE, f"cannot reach the daemon: {reason}")
