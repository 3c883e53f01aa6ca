"""A real daemon in a process of its own, and what tests ask of it and wait for."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self, TypeVar

from whatsapp_server.harness import PlayedWhatsApp

from waremind.client import Client
from waremind.errors import WaremindError
from waremind.objects import Account
from waremind.requests.account import (
    AccountAdd,
    AccountPair,
    AccountShow,
    AccountUnpair,
    AccountUnpaired,
    PairCode,
    PairConnected,
    PairEvent,
    PairQr,
)
from waremind.requests.core import Request

T = TypeVar("T")

WAREMIND = Path(sys.executable).with_name("waremind")
PATIENCE_SECONDS = 30.0
POLL_SECONDS = 0.02

# Retries come soon, and a dialing that leads nowhere is given up soon.
BRISK = {
    "WAREMIND_SESSIONS__STAGGER_SECONDS": "0",
    "WAREMIND_SESSIONS__RETRY_FIRST_SECONDS": "0.2",
    "WAREMIND_SESSIONS__RETRY_MAX_SECONDS": "1",
}


def until(probe: Callable[[], T | None], what: str, seconds: float = PATIENCE_SECONDS) -> T:
    """Wait for what `probe` finds: the one place where these tests poll."""
    end = time.monotonic() + seconds
    while not (found := probe()):
        if time.monotonic() > end:
            raise TimeoutError(f"waited {seconds:g} s in vain for {what}")
        time.sleep(POLL_SECONDS)
    return found


def steady(probe: Callable[[], T], seconds: float = 2.0) -> T:
    """Watch for a while that nothing changes: what must never happen has no event to wait for."""
    end, first = time.monotonic() + seconds, probe()
    while time.monotonic() < end:
        assert probe() == first
        time.sleep(5 * POLL_SECONDS)
    return first


class DaemonProcess:
    """`waremind daemon` with a state directory and a socket of its own; starts, dies, starts."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="wm-"))  # short: it holds sockets
        self.directory.chmod(0o755)
        self.state = self.directory / "state"
        self.socket = self.directory / "w.sock"
        self.log_file = self.directory / "log"
        self.environment = {
            **BRISK,
            **environment,
            "WAREMIND_STATE_DIR": str(self.state),
            "WAREMIND_SOCKET": str(self.socket),
            "TMPDIR": str(self.directory),  # whatever it starts can be told by this
        }
        self._mark = f"TMPDIR={self.directory}".encode()
        self._process: subprocess.Popen[bytes] | None = None
        self._begun = 0  # where in the log file the words of this process begin

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    # Its life.

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process
        return self._process

    def launch(self) -> None:
        """Start it without waiting."""
        with self.log_file.open("ab") as log:
            self._begun = log.tell()
            self._process = subprocess.Popen(
                [WAREMIND, "daemon"], stdin=subprocess.DEVNULL, stderr=log, env=self.environment
            )

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self.launch()
        until(self._answers, "the daemon to answer")

    def _answers(self) -> bool:
        assert self.process.poll() is None, self.log[-3000:]
        # An earlier one may have had the same pid, and has left its socket.
        ready = f" ready socket={self.socket} pid={self.process.pid}"
        return ready in self.log_file.read_bytes()[self._begun :].decode()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end, and wait; returns the exit status."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_SECONDS)

    def kill(self) -> None:
        """Kill it as the kernel does when memory is short."""
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        """End it and remove what it left."""
        if self._process and self._process.poll() is None:
            self.stop()
        shutil.rmtree(self.directory)

    # What it is asked.

    def client(self) -> Client:
        return Client(self.socket)

    def call(self, request: Request[T]) -> T:
        """Ask on a connection of its own."""
        with self.client() as client:
            return client.call(request)

    def tell(self, request: Request[Any]) -> Client:
        """Ask, and do not wait for the answer; closing the client is hanging up."""
        client = self.client()
        client._send(request)
        return client

    def add(self, label: str) -> Account:
        return self.call(AccountAdd(label=label)).account

    def show(self, label: str) -> Account:
        return self.call(AccountShow(account=label)).account

    def unpair(self, label: str) -> AccountUnpaired:
        return self.call(AccountUnpair(account=label))

    def pairing(self, label: str, **terms: Any) -> Pairing:
        """Begin to pair, or join; use it in a `with` statement."""
        return Pairing(self.client(), AccountPair(account=label, **terms))

    def pair(self, label: str, whatsapp: PlayedWhatsApp, phone: str, **terms: Any) -> Account:
        """Pair by a QR, to the end."""
        with self.pairing(label, **terms) as pairing:
            whatsapp.scan(pairing.qr(), phone)
            return pairing.connected()

    def wait(self, label: str, status: str, reason: str | None = None) -> Account:
        """Wait until an account has a status, for a reason."""
        return until(lambda: self._seen(label, status, reason), f"{label} to be {status} {reason}")

    def _seen(self, label: str, status: str, reason: str | None) -> Account | None:
        account = self.show(label)
        wanted = account.status == status and reason in {None, account.reason}
        return account if wanted else None

    # What can be seen from outside.

    @property
    def log(self) -> str:
        return self.log_file.read_text()

    def directories(self, account: str) -> list[str]:
        """List the directories of an account's keys."""
        directory = self.state / "sessions" / account
        return sorted(entry.name for entry in directory.iterdir()) if directory.exists() else []

    def processes(self) -> dict[int, str]:
        """List every process that it started, and theirs: pid to command line."""
        found = {pid: _command(pid) for pid in _pids() if self._is_ours(pid)}
        return {pid: command for pid, command in found.items() if pid != self.process.pid}

    def _is_ours(self, pid: int) -> bool:
        return self._mark in _environ(pid) or _cwd(pid).is_relative_to(self.directory)

    def postgres(self) -> int:
        """Wait for the embedded PostgreSQL; while it starts its file may hold the daemon's pid."""

        def found() -> int | None:
            for file in self.state.glob("postgres/data/postmaster.pid"):
                with contextlib.suppress(OSError, ValueError):
                    pid = int(file.read_text().split("\n", 1)[0])
                    if Path(f"/proc/{pid}/exe").readlink().name == "postgres":
                        return pid
            return None

        return until(found, "PostgreSQL to run")

    def child(self, account: str) -> int:
        """Wait for the process of an account's session, which works in its keys' directory."""
        directory = self.state / "sessions" / account

        def found() -> int | None:
            return next((p for p in _pids() if _cwd(p).is_relative_to(directory)), None)

        return until(found, f"the child of {account}")

    def children(self) -> list[int]:
        """List the processes of sessions."""
        sessions = self.state / "sessions"
        return [pid for pid in _pids() if _cwd(pid).is_relative_to(sessions)]

    def signal_child(self, account: str, number: signal.Signals) -> None:
        """Send a signal to the process of an account's session."""
        os.kill(self.child(account), number)

    def signal_fork_server(self, number: signal.Signals) -> None:
        """Send a signal to the process from which the children are forked."""
        servers = [pid for pid in self.processes() if _parent(pid) == self.process.pid]
        [server] = [pid for pid in servers if "waremind.whatsapp.fork_server" in _command(pid)]
        os.kill(server, number)


class Pairing:
    """The stream of one `account pair`."""

    def __init__(self, client: Client, request: AccountPair) -> None:
        self._client = client
        self._events: Iterator[Any] = client.watch(request, PairEvent)
        try:
            self.first = next(self._events)
        except WaremindError:
            client.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._client.close()

    def next(self, kind: type[T]) -> T:
        event = next(self._events)
        assert isinstance(event, kind), event
        return event

    def qr(self) -> str:
        """Wait for the next QR; returns its payload."""
        return self.next(PairQr).code

    def code(self) -> str:
        """Wait for the pairing code."""
        return self.next(PairCode).code

    def connected(self) -> Account:
        """Wait for the end, past all further codes.

        Raises WaremindError saying how it ended instead.
        """
        *_, last = self._events
        assert isinstance(last, PairConnected), last
        return last.account


def _pids() -> Iterator[int]:
    return (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal())


def _environ(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:  # it has ended
        return []


def _cwd(pid: int) -> Path:
    try:
        return Path(f"/proc/{pid}/cwd").readlink()
    except OSError:
        return Path("/")


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
    except OSError:
        return ""


def environment(whatsapp: PlayedWhatsApp | None = None, dsn: str | None = None) -> dict[str, str]:
    """Make a daemon's environment: which WhatsApp, and which PostgreSQL (None: the embedded)."""
    given = whatsapp.env() if whatsapp else os.environ
    kept = {key: value for key, value in given.items() if not key.startswith("WAREMIND_")}
    return kept | ({"WAREMIND_DATABASE__URL": dsn} if dsn else {})
