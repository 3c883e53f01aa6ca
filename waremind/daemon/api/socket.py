"""The Unix socket that the daemon listens on, and whether the settings can be used at all."""

import contextlib
import grp
import os
import socket
from collections.abc import Generator
from pathlib import Path

from waremind.config import Settings
from waremind.daemon.system.caller import peer_of
from waremind.errors import ErrorCode, WaremindError
from waremind.paths import SOCKET_PATH_LIMIT
from waremind.store import dsn

MODE = 0o660
BACKLOG = 256


@contextlib.contextmanager
def listening_on(settings: Settings, passed: socket.socket | None) -> Generator[socket.socket]:
    """Give the socket that systemd holds for us, `passed`; else make one, and remove it after.

    Raises what `listen` raises.
    """
    if passed:
        yield passed
        return
    listener = listen(settings.socket, settings.socket_group)
    try:
        yield listener
    finally:
        settings.socket.unlink(missing_ok=True)


def listen(path: Path, group: str) -> socket.socket:
    """Bind `path`, mode 0660, owned by `group` where it exists and we may give it away.

    Raises WaremindError `conflict` when another daemon listens there, `permission_denied`, or
    `invalid_input` when the path is too long.
    """
    refuse_too_long(path)
    refuse_if_answered(path)
    try:
        return _bound(path, group)
    except OSError as error:
        message = f"cannot listen on {path}: {error.strerror}"
        place = f"make {path.parent} writable for uid {os.geteuid()}"
        hint = f"{place}, or choose another: WAREMIND_SOCKET"
        raise WaremindError(ErrorCode.PERMISSION_DENIED, message, hint=hint) from None


def refuse_too_long(path: Path) -> None:
    """Raise WaremindError `invalid_input` when no socket can have this path."""
    if len(bytes(path)) > SOCKET_PATH_LIMIT:
        message = f"cannot listen on {path}: the path is longer than {SOCKET_PATH_LIMIT} bytes"
        raise WaremindError(
            ErrorCode.INVALID_INPUT, message, hint="choose a shorter one: WAREMIND_SOCKET"
        )


def _bound(path: Path, group: str) -> socket.socket:
    if not path.parent.exists():
        path.parent.mkdir(mode=0o755 if os.geteuid() == 0 else 0o700, parents=True)
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    mask = os.umask(0o777 & ~MODE)  # never wider than it ends up, not even for a moment
    try:
        listener.bind(str(path))
    finally:
        os.umask(mask)
    # No such group, or we are no member of it: the socket stays our own group's.
    with contextlib.suppress(KeyError, PermissionError):
        os.chown(path, -1, grp.getgrnam(group).gr_gid)
    listener.listen(BACKLOG)
    return listener


def refuse_if_answered(path: Path) -> None:
    """Raise WaremindError `conflict` with the pid of the daemon that answers on `path`."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.setblocking(False)
        try:
            probe.connect(str(path))
        except BlockingIOError:  # its queue is full: who does not answer now still listens
            message = f"cannot listen on {path}: a daemon already does, and lets nobody in"
            raise WaremindError(ErrorCode.CONFLICT, message, hint="stop it first") from None
        except OSError:
            return  # nobody there: the socket is stale, or there is none
        pid = peer_of(probe).pid
    message = f"cannot listen on {path}: a daemon already does, with pid {pid}"
    raise WaremindError(ErrorCode.CONFLICT, message, hint=f"use that one, or stop it: kill {pid}")


def preflight(settings: Settings) -> None:
    """Raise WaremindError `invalid_input` for a path or a connection string that can be none."""
    refuse_too_long(settings.socket)
    if url := settings.database.url:
        dsn.complete(url.get_secret_value())
