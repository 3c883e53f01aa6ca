"""Who asks, by the kernel's word (SO_PEERCRED, unix(7)), and how to tell them something."""

import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeVar

from waremind.daemon.system.uploads import ConnectionUploads
from waremind.objects import Operator

T = TypeVar("T")


class Wait(Protocol):
    """How a handler waits for what may take long."""

    async def __call__(self, work: Awaitable[T]) -> T:
        """Wait for `work`; it is cancelled when the caller is gone. Raises ConnectionError then."""
        ...


async def _nobody_else(_account: str | None) -> None:
    """Tell nobody: all that is to be done is done here."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, by the kernel's word.

    `emit` sends one event of the request's stream; `has_room` waits until the caller has read what
    was sent, and says whether it did. What `wait` waits for counts as no work. `uploads` has what
    the caller has handed over. `written` is to be called when what was asked for is written and
    others have to act on it, before that is waited for: with the account (its id), or None: with
    any.
    """

    operator: Operator
    emit: Callable[[object], Awaitable[None]]
    has_room: Callable[[], Awaitable[bool]]
    wait: Wait
    uploads: ConnectionUploads
    written: Callable[[str | None], Awaitable[None]] = _nobody_else


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
