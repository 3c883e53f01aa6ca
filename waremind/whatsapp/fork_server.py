"""The process that sessions' children are forked from.

Run as `python -m waremind.whatsapp.fork_server FD PID`. A process that has loaded neonize's Go
library cannot be forked, so this one never does. On the socket `FD` it takes one packet a child
(the opening, with the child's protocol, console and deadline descriptors) and answers with the
pid and a pidfd, or a sentence that says why there is none. Before that it says once that it is
ready. It ends when the daemon (`PID`) closes
its end or dies.
"""

import contextlib
import os
import resource
import signal
import socket
import sys
from selectors import EVENT_READ, BaseSelector, DefaultSelector, SelectorKey
from typing import NamedTuple

from waremind.whatsapp import worker
from waremind.whatsapp.child_protocol import PACKET_BYTES
from waremind.whatsapp.prctl import die_with
from waremind.whatsapp.preload import preload


class ForkRequest(NamedTuple):
    """What a child is forked with: its opening (JSON) and its three descriptors."""

    opening: bytes
    protocol: int
    console: int
    deadline: int


def main() -> None:
    """Serve until the daemon is gone; in a child, run its session."""
    descriptor, daemon = map(int, sys.argv[1:])
    die_with(daemon)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core would hold the sessions' keys
    preload()
    server, packets = os.getpid(), socket.socket(fileno=descriptor)
    with contextlib.suppress(OSError):  # the daemon is gone, which `serve` sees
        packets.send(b"ready")
    if request := serve(packets):
        die_with(server)
        protocol = socket.socket(fileno=request.protocol)
        worker.run(request.opening, protocol, request.console, request.deadline)


def serve(daemon: socket.socket) -> ForkRequest | None:
    """Fork a child for each packet; return a request in the child, None at the daemon's end."""
    with daemon, DefaultSelector() as selector:
        selector.register(daemon, EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is not daemon:
                    reap(key, selector)
                    continue
                packet, descriptors, _, _ = socket.recv_fds(daemon, PACKET_BYTES, 3)
                if not packet:
                    return None
                if request := fork_child(packet, descriptors, daemon, selector):
                    return request


def fork_child(
    packet: bytes, descriptors: list[int], daemon: socket.socket, selector: BaseSelector
) -> ForkRequest | None:
    """Fork; return the request in the child. The selector has children by pidfd, with their pid."""
    pid = try_fork(daemon)
    if pid == 0:
        close(*(key.fd for key in selector.get_map().values() if key.data))
        return ForkRequest(packet, *descriptors)
    close(*descriptors)
    if pid:
        selector.register(send_pidfd(daemon, pid), EVENT_READ, pid)
    return None


def try_fork(daemon: socket.socket) -> int | None:
    """Fork as `os.fork` does; None, and the daemon is told, when the system refuses."""
    try:
        return os.fork()
    except OSError as error:
        socket.send_fds(daemon, [str(error).encode()], [])
        return None


def send_pidfd(daemon: socket.socket, pid: int) -> int:
    """Give the daemon a pidfd; until `reap`, the pid is surely this child's."""
    pidfd = os.pidfd_open(pid)
    socket.send_fds(daemon, [str(pid).encode()], [pidfd])
    return pidfd


def reap(key: SelectorKey, selector: BaseSelector) -> None:
    """Reap a child that has ended."""
    selector.unregister(key.fd)
    os.waitpid(key.data, 0)
    close(key.fd)


def close(*descriptors: int) -> None:
    """Close descriptors."""
    for descriptor in descriptors:
        os.close(descriptor)


if __name__ == "__main__":
    main()
