"""How systemd and the daemon speak: sd_notify(3), the watchdog, the socket that it holds for us."""

import asyncio
import contextlib
import os
import socket
import stat
from collections.abc import AsyncGenerator, Mapping, MutableMapping

from waremind.requests.core import Access

FIRST_PASSED = 3  # SD_LISTEN_FDS_START
READ = "read"  # FileDescriptorName= of waremind-read.socket
EXTENSION_SECONDS = 30
NEVER_USEC = 2**64 - 1  # USEC_INFINITY: systemd's word for no watchdog
TELL_SECONDS = 1.0  # for a queue that is full


class Systemd:
    """The systemd that started us, as our environment says; where none did, nothing is told.

    Its variables are taken out of `environment`: they are not for our children.
    """

    def __init__(self, environment: MutableMapping[str, str] = os.environ) -> None:
        self._address = environment.pop("NOTIFY_SOCKET", "")
        self.watchdog_seconds = _watchdog_seconds(environment)
        self.sockets = _passed_sockets(environment)

    @property
    def listens(self) -> bool:
        """Whether it wants to be told anything."""
        return bool(self._address)

    def tell(self, **state: object) -> None:
        """Send assignments such as `READY=1`; what they mean stands in sd_notify(3)."""
        if not self.listens:
            return
        # A first @ is how systemd writes the zero byte of an abstract address.
        address = f"\0{self._address[1:]}" if self._address[0] == "@" else self._address
        text = "\n".join(f"{name}={value}" for name, value in state.items())
        # What does not arrive is missed by systemd itself: it has timeouts for all of it.
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
            out.settimeout(TELL_SECONDS)
            out.sendto(text.encode(), address)

    @contextlib.asynccontextmanager
    async def patience(self, status: str) -> AsyncGenerator[None]:
        """Say what takes so long inside of the `async with`, and ask systemd to wait for it."""
        self.tell(STATUS=status)
        extending = asyncio.create_task(self._ask_for_time())
        try:
            yield
        finally:
            extending.cancel()
            await asyncio.wait([extending])

    async def _ask_for_time(self) -> None:
        while self.listens:
            self.tell(EXTEND_TIMEOUT_USEC=EXTENSION_SECONDS * 1_000_000)
            await asyncio.sleep(EXTENSION_SECONDS / 3)


def _watchdog_seconds(environment: MutableMapping[str, str]) -> float | None:
    """Say how long systemd waits for a sign of life; None: for ever."""
    microseconds = _number(environment.pop("WATCHDOG_USEC", ""))
    ours = environment.pop("WATCHDOG_PID", "") in {"", str(os.getpid())}
    return microseconds / 1_000_000 if ours and 0 < microseconds < NEVER_USEC else None


def _passed_sockets(environment: MutableMapping[str, str]) -> Mapping[Access, socket.socket]:
    """Take over the listening Unix sockets of sd_listen_fds(3), by what who uses them may do."""
    count = _number(environment.pop("LISTEN_FDS", ""))
    ours = environment.pop("LISTEN_PID", "") == str(os.getpid())
    names = environment.pop("LISTEN_FDNAMES", "").split(":")
    found = dict[Access, socket.socket]()
    with contextlib.suppress(OSError):  # no such descriptor: more were announced than passed
        for number in range(count if ours else 0):
            access: Access = "read" if names[number : number + 1] == [READ] else "operate"
            if access not in found and (passed := _socket_at(FIRST_PASSED + number)):
                found[access] = passed
    return found


def _socket_at(descriptor: int) -> socket.socket | None:
    """Take a descriptor over if it is a listening Unix socket; raises OSError if there is none."""
    if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
        return None
    passed = socket.socket(fileno=descriptor)
    listens = passed.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    if passed.family != socket.AF_UNIX or not listens:
        passed.detach()
        return None
    passed.set_inheritable(False)
    passed.setblocking(False)
    return passed


def _number(text: str) -> int:
    """Read a number of systemd's; 0 for what is none, which its own library ignores too."""
    return int(text) if text.isascii() and text.isdecimal() else 0
