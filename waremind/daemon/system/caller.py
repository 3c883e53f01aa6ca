"""Who asks, by the kernel's word (SO_PEERCRED, unix(7)), and how to send them a stream's events."""

import pwd
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass

from waremind.objects import Operator


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks, by the kernel's word; `emit` sends one event of the request's stream."""

    operator: Operator
    emit: Callable[[object], None]


_UCRED = struct.Struct("3i")  # pid, uid, gid


def operator_of(connection: socket.socket) -> Operator:
    """Read the peer's uid from the kernel; the name is None where the uid has none."""
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
    _, uid, _ = _UCRED.unpack(credentials)
    return Operator(uid, name_of(uid))


def name_of(uid: int) -> str | None:
    """Look up the name of a Unix user."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return None
