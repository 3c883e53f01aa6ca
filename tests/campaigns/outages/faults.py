"""What can happen to the database, each with what status has to say meanwhile."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, NamedTuple

from daemon_process import DaemonProcess, until

from campaigns.database import Database
from campaigns.outages.yours import Yours
from waremind.requests.daemon import Status
from waremind.store.lock import LOCK

TOLD_SECONDS = 30.0

HOLDER = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted"


@contextmanager
def away(yours: Yours) -> Iterator[None]:
    """Stop the server."""
    yours.stop()
    try:
        yield
    finally:
        yours.start()


@contextmanager
def silent(yours: Yours) -> Iterator[None]:
    """Let the server stand still: connections stay, and nothing is answered."""
    yours.freeze(signal.SIGSTOP)
    try:
        yield
    finally:
        yours.freeze(signal.SIGCONT)


@contextmanager
def standby(yours: Yours) -> Iterator[None]:
    """Fail over to a standby, and promote it in the end."""
    yours.stop()
    (yours.data / "standby.signal").touch()
    yours.start()
    try:
        yield
    finally:
        with yours.connect() as connection:
            connection.execute("SELECT pg_promote()")


@contextmanager
def stolen(database: Database) -> Iterator[None]:
    """Take the daemon's lock away."""
    with database.connect() as thief:
        while thief.execute("SELECT pg_try_advisory_lock(%s)", [LOCK]).fetchone() != (True,):
            thief.execute(f"{HOLDER} AND pid <> pg_backend_pid()".encode())
        yield


@contextmanager
def unpooled(yours: Yours) -> Iterator[None]:
    """Kill the pooler."""
    yours.stop_pooler(signal.SIGKILL)
    try:
        yield
    finally:
        yours.start_pooler()


def full(yours: Yours) -> AbstractContextManager[None]:
    """Fill the server's disk."""
    return yours.full()


class Fault(NamedTuple):
    """A fault, the codes of which one has to be told, and whether it can happen here."""

    happen: Callable[[Any], AbstractContextManager[None]]
    codes: frozenset[str]
    is_possible: Callable[[Yours], bool] = lambda _yours: True

    @property
    def name(self) -> str:
        return self.happen.__name__

    @contextmanager
    def told(self, database: Database, daemon: DaemonProcess) -> Iterator[float]:
        """Let it happen; begins when status tells of it, with how many seconds that took."""
        with self.happen(database):
            began = time.monotonic()
            until(lambda: self._is_told(daemon), f"status to tell of {self.name}", TOLD_SECONDS)
            yield time.monotonic() - began
        until(lambda: not self._is_told(daemon), f"status to tell of {self.name} no more")

    def _is_told(self, daemon: DaemonProcess) -> bool:
        report = daemon.call(Status())
        assert report.ok == (not report.attention)
        return any(one.kind == "daemon" and one.code in self.codes for one in report.attention)


AWAY = frozenset({"database_unavailable"})
STOLEN = Fault(stolen, frozenset({"lock_lost"}))  # of an embedded one, too
FAULTS = (
    Fault(away, AWAY),
    Fault(silent, AWAY),
    Fault(standby, frozenset({"database_not_writable"})),
    STOLEN,
    Fault(full, AWAY | {"disk_full"}, lambda yours: yours.has_small_disk),
    Fault(unpooled, AWAY, lambda yours: yours.has_pooler),
)


def possible(yours: Yours) -> list[Fault]:
    """List the faults that can happen here, and print which cannot."""
    for fault in FAULTS:
        if not fault.is_possible(yours):
            print(f"cannot happen on this machine: {fault.name}")
    return [fault for fault in FAULTS if fault.is_possible(yours)]
