"""The Unix sockets that the daemon listens on, and whether the settings can be used at all."""

import contextlib
import grp
import logging
import os
import socket
from collections.abc import Callable, Generator, Iterator, Mapping
from functools import partial
from pathlib import Path

from waremind.daemon.system.caller import peer_of
from waremind.daemon.system.logs import event
from waremind.errors import ErrorCode, WaremindError
from waremind.paths import SOCKET_PATH_LIMIT, read_socket
from waremind.requests.core import Access
from waremind.settings import Settings
from waremind.store import dsn

log = logging.getLogger(__name__)

MODE = 0o660
BACKLOG = 256


@contextlib.contextmanager
def listening_on(
    settings: Settings, passed: Mapping[Access, socket.socket]
) -> Generator[Mapping[Access, socket.socket]]:
    """Give the sockets that systemd holds for us, `passed`; else make ours, and remove them after.

    Raises what `bound` and `_give_to_readers` raise.
    """
    if passed:
        if settings.socket_read_group and "read" not in passed:
            cure = "systemctl enable waremind-read.socket, then restart socket and service"
            event(log, "socket_read_group needs its unit", logging.WARNING, cure=cure)
        yield passed
        return
    with contextlib.ExitStack() as stack:
        made = dict[Access, socket.socket]()
        for access, path, give in _wanted(settings):
            made[access] = stack.enter_context(_listening(path, give))
        yield made


def _wanted(settings: Settings) -> Iterator[tuple[Access, Path, Callable[[Path], None]]]:
    yield "operate", settings.socket, partial(_give_to_operators, settings.socket_group)
    if group := settings.socket_read_group:
        yield "read", read_socket(settings.socket), partial(_give_to_readers, group)


def _give_to_operators(group: str, path: Path) -> None:
    # No such group, or we are no member of it: the socket stays our own group's.
    with contextlib.suppress(KeyError, PermissionError):
        os.chown(path, -1, grp.getgrnam(group).gr_gid)


def _give_to_readers(group: str, path: Path) -> None:
    """Give a socket to a group that was asked for: raises WaremindError when we cannot."""
    try:
        os.chown(path, -1, _existing(group))
    except OSError as error:
        message = f"cannot give {path} to the group {group}: {error.strerror}"
        hint = f"run the daemon as a member of it: usermod -aG {group} USER"
        raise WaremindError(ErrorCode.PERMISSION_DENIED, message, hint=hint) from None


def _existing(group: str) -> int:
    try:
        return grp.getgrnam(group).gr_gid
    except KeyError:
        message = f"cannot let the group {group} look: there is no such group"
        hint = f"groupadd --system {group}, or name another: socket_read_group"
        raise WaremindError(ErrorCode.INVALID_INPUT, message, hint=hint) from None


@contextlib.contextmanager
def _listening(path: Path, give: Callable[[Path], None]) -> Generator[socket.socket]:
    listening_socket = bound(path)
    try:
        give(path)
        listening_socket.listen(BACKLOG)
        yield listening_socket
    finally:
        path.unlink(missing_ok=True)


def bound(path: Path) -> socket.socket:
    """Bind `path`, mode 0660.

    Raises WaremindError `conflict` when another daemon listens there, `permission_denied`, or
    `invalid_input` when the path is too long.
    """
    refuse_too_long(path)
    refuse_if_answered(path)
    try:
        return _bound(path)
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


def _bound(path: Path) -> socket.socket:
    if not path.parent.exists():
        path.parent.mkdir(mode=0o755 if os.geteuid() == 0 else 0o700, parents=True)
    path.unlink(missing_ok=True)
    listening_socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    mask = os.umask(0o777 & ~MODE)  # never wider than it ends up, not even for a moment
    try:
        listening_socket.bind(str(path))
    finally:
        os.umask(mask)
    return listening_socket


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
    """Raise WaremindError `invalid_input` for a path, group or connection string that is none."""
    refuse_too_long(settings.socket)
    if group := settings.socket_read_group:
        refuse_too_long(read_socket(settings.socket))
        _existing(group)
    if url := settings.database.url:
        dsn.complete(url.get_secret_value())
