"""The process that sessions' children are forked from; `python -m waremind.whatsapp.forkserver FD`.

It has imported all Python code that they need, so they share its memory, but never neonize: a
process that has loaded the Go library cannot be forked. On the socket `FD` it takes one packet a
child (the opening, with the child's protocol and console descriptors) and answers with the pid
and a pidfd, or a sentence that says why not. It ends when the daemon closes its end.
"""

import ctypes
import gc
import os
import resource
import signal
import socket
import sys
from contextlib import suppress
from importlib import import_module
from selectors import EVENT_READ, DefaultSelector
from typing import NamedTuple

from waremind.whatsapp import worker

PACKET_BYTES = 1 << 16
PR_SET_PDEATHSIG = 1

PRELOADED = (
    "google.protobuf.internal.builder",
    "google.protobuf.descriptor_pb2",
    "httpx",
    "linkpreview",
    "magic",
    "phonenumbers",
    "PIL.Image",
    "PIL.ImageSequence",
    "requests",
    "segno",
    "tqdm",
)


class Birth(NamedTuple):
    """What a child is born with: its opening (JSON) and its two descriptors."""

    opening: bytes
    protocol: int
    console: int


def main() -> None:
    """Serve until the daemon is gone; in a child, run its session."""
    die_with(os.getppid())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core would hold the sessions' keys
    preload()
    server = os.getpid()
    if birth := serve(socket.socket(fileno=int(sys.argv[1]))):
        die_with(server)
        worker.run(birth.opening, socket.socket(fileno=birth.protocol), birth.console)


def die_with(parent: int) -> None:
    """Have the kernel kill this process when its parent is gone, however hung it is then."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)


def preload() -> None:
    """Import what the children need; what cannot be imported, they report themselves."""
    worker.find_libmagic()
    for name in PRELOADED:
        with suppress(Exception):
            import_module(name)
    gc.collect()
    gc.freeze()  # keeps the collector from touching, and so copying, the shared pages


def serve(server: socket.socket) -> Birth | None:
    """Fork a child for each packet; returns None at the daemon's end, and in a child its Birth."""
    children: dict[int, int] = {}  # pidfd → pid
    with server, DefaultSelector() as selector:
        selector.register(server, EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is not server:
                    selector.unregister(key.fd)
                    os.waitpid(children.pop(key.fd), 0)
                    os.close(key.fd)
                    continue
                opening, descriptors, _, _ = socket.recv_fds(server, PACKET_BYTES, 2)
                if not opening:
                    return None
                if not (pid := fork(server)):
                    for pidfd in children:
                        os.close(pidfd)
                    return Birth(opening, *descriptors)
                for descriptor in descriptors:
                    os.close(descriptor)
                if pid > 0:
                    children[pidfd := introduce(server, pid)] = pid
                    selector.register(pidfd, EVENT_READ)


def fork(server: socket.socket) -> int:
    """Fork as `os.fork` does; tell the daemon when the system refuses, and return -1."""
    try:
        return os.fork()
    except OSError as error:
        socket.send_fds(server, [str(error).encode()], [])
        return -1


def introduce(server: socket.socket, pid: int) -> int:
    """Tell the daemon of a child; nobody has waited for it yet, so the pid is surely its own."""
    pidfd = os.pidfd_open(pid)
    socket.send_fds(server, [str(pid).encode()], [pidfd])
    return pidfd


if __name__ == "__main__":
    main()
