"""Who is asking: the peer of a Unix socket, as the kernel says (SO_PEERCRED, unix(7))."""

import pwd
import socket
import struct

from waremind.objects import Operator

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
