"""The parent's side of the fork server: starts it, has children forked, knows when each is gone."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from waremind.environment import passed_on
from waremind.process import Process
from waremind.whatsapp.channel import Channel
from waremind.whatsapp.child_protocol import PACKET_BYTES, encode_line
from waremind.whatsapp.console import Console
from waremind.whatsapp.deadline import Deadline
from waremind.whatsapp.gateway import Opening
from waremind.whatsapp.reports import AnyReport

FORK_SECONDS = 20.0

CHILD_ENVIRONMENT = {
    "NEONIZE_BOT_TAG": "off",  # else messages to one person say that a bot wrote them
    "MALLOC_ARENA_MAX": "2",
    # Each has caches of its own; with one, nothing that WhatsApp says is read while a message waits
    # for the store's disk.
    "GOMAXPROCS": "2",
    "PYTHONUNBUFFERED": "1",
    "PYTHONWARNINGS": "ignore",  # of other people's code
}


class ForkFailed(Exception):  # noqa: N818 - reads as what happened
    """No child could be started; says why."""


@dataclass(frozen=True, slots=True)
class Child:
    """A child process, its channel and what it prints."""

    process: Process
    channel: Channel
    console: Console


class ForkClient:
    """Has children forked. The server process starts with the first, and again when it died."""

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline
        self._server: _ServerProcess | None = None
        self._lock = asyncio.Lock()

    async def fork(self, opening: Opening, on_report: Callable[[AnyReport], None]) -> Child:
        """Start a child for a session; raises ForkFailed."""
        try:
            async with asyncio.timeout(FORK_SECONDS), self._lock:
                return await self._fork(opening, on_report)
        except TimeoutError as error:
            raise ForkFailed("cannot start a child process: the fork server hangs") from error
        except OSError as error:
            raise ForkFailed(f"cannot start a child process: {error}") from error

    async def prepare(self) -> None:
        """Have the server ready, so that the first child comes as soon as any other.

        What cannot be done now is tried again with that one.
        """
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(FORK_SECONDS), self._lock:
                await (await self._running()).ready.wait()

    async def close(self) -> None:
        """End the server."""
        server, self._server = self._server, None
        if server is not None:
            await server.close()

    async def _fork(self, opening: Opening, on_report: Callable[[AnyReport], None]) -> Child:
        server = await self._running()
        ours, theirs = socket.socketpair()
        reader, writer = os.pipe()
        # The child's ends are here until it has them; without a child, ours close with them.
        with theirs, os.fdopen(writer, "wb") as printed:
            channel = await _open_channel(ours, on_report)
            subject = {"account": opening.account, "session": opening.session}
            console = await _open_console(reader, subject)
            descriptors = (theirs.fileno(), printed.fileno(), self._deadline.descriptor)
            return Child(await server.fork(encode_line(opening), *descriptors), channel, console)

    async def _running(self) -> "_ServerProcess":
        if self._server is None or self._server.process.gone.done():
            self._server = await _ServerProcess.start()
        return self._server


class _ServerProcess:
    """One fork server process."""

    def __init__(self, popen: subprocess.Popen[bytes], packets: socket.socket) -> None:
        self.process = Process.of(popen.pid)
        self.process.gone.add_done_callback(lambda _: popen.wait())
        self._packets = packets
        self._forks: deque[asyncio.Future[Process]] = deque()
        self.ready = asyncio.Event()  # it has imported all, or never will
        packets.setblocking(False)
        asyncio.get_running_loop().add_reader(packets, self._on_packet)

    @classmethod
    async def start(cls) -> "_ServerProcess":
        """Start it; it imports for half a second, and takes packets meanwhile."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        reader, writer = os.pipe()
        arguments = map(str, (theirs.fileno(), os.getpid()))
        with theirs, os.fdopen(writer) as console:
            popen = subprocess.Popen(  # noqa: ASYNC220, S603 - a few ms, once; our own program
                [sys.executable, "-P", "-m", "waremind.whatsapp.fork_server", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                pass_fds=[theirs.fileno()],
                env=passed_on(**CHILD_ENVIRONMENT),
                start_new_session=True,  # the terminal's signals are the daemon's
            )
        await _open_console(reader, {"process": "forkserver"})
        return cls(popen, ours)

    async def fork(self, packet: bytes, *descriptors: int) -> Process:
        """Have a child forked; raises OSError."""
        fork: asyncio.Future[Process] = asyncio.get_running_loop().create_future()
        socket.send_fds(self._packets, [packet], descriptors)
        self._forks.append(fork)
        return await fork

    async def close(self) -> None:
        self._disconnect()
        await self.process.end((2, signal.SIGKILL))

    def _on_packet(self) -> None:
        try:
            packet, descriptors, _, _ = socket.recv_fds(self._packets, PACKET_BYTES, 1)
        except OSError:  # it died with something of ours unread
            packet, descriptors = b"", []
        if packet and not self.ready.is_set():
            self.ready.set()
        elif packet:
            _resolve(self._forks.popleft(), packet.decode(), descriptors)
        else:
            self._disconnect()

    def _disconnect(self) -> None:
        if self._packets.fileno() < 0:
            return
        self.ready.set()
        asyncio.get_running_loop().remove_reader(self._packets)
        self._packets.close()
        while self._forks:
            fork = self._forks.popleft()
            if not fork.done():
                fork.set_exception(OSError("the fork server has died"))


def _resolve(fork: "asyncio.Future[Process]", packet: str, descriptors: list[int]) -> None:
    """Hand over a child, or say why there is none; one that nobody waits for exits by itself."""
    if fork.done():
        for descriptor in descriptors:
            os.close(descriptor)
    elif descriptors:
        fork.set_result(Process(int(packet), *descriptors))
    else:
        fork.set_exception(OSError(packet))


async def _open_channel(ours: socket.socket, on_report: Callable[[AnyReport], None]) -> Channel:
    loop = asyncio.get_running_loop()
    _, channel = await loop.create_unix_connection(lambda: Channel(on_report), sock=ours)
    return channel


async def _open_console(reader: int, subject: Mapping[str, object]) -> Console:
    loop = asyncio.get_running_loop()
    _, console = await loop.connect_read_pipe(lambda: Console(subject), os.fdopen(reader, "rb", 0))
    return console
