"""Who asks, by the kernel's word (SO_PEERCRED, unix(7)), and how to send them a stream's events."""

import pwd
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from waremind.objects import Operator


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, by the kernel's word; `emit` sends one event of the request's stream."""

    operator: Operator
    emit: Callable[[object], None]


class Credentials(NamedTuple):
    """The process at the other end of a Unix socket, as it was when it connected or listened."""

    pid: int
    uid: int
    gid: int


_UCRED = struct.Struct("3i")


def peer_of(connection: socket.socket) -> Credentials:
    """Read the peer's credentials from the kernel."""
    read = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
    return Credentials(*_UCRED.unpack(read))


def operator_at(connection: socket.socket) -> Operator:
    """Read the peer's uid from the kernel; the name is None where the uid has none."""
    uid = peer_of(connection).uid
    return Operator(uid, name_of(uid))


def name_of(uid: int) -> str | None:
    """Look up the name of a Unix user."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return None
