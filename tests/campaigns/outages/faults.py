"""What can happen to the database, each with what status has to say meanwhile."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import NamedTuple

from campaigns.outages.yours import Yours
from waremind.store.lock import LOCK

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
    (yours.place / "data/standby.signal").touch()
    yours.start()
    try:
        yield
    finally:
        with yours.connect() as connection:
            connection.execute("SELECT pg_promote()")


@contextmanager
def stolen(yours: Yours) -> Iterator[None]:
    """Take the daemon's lock away."""
    with yours.connect() as thief:
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

    happen: Callable[[Yours], AbstractContextManager[None]]
    codes: frozenset[str]
    is_possible: Callable[[Yours], bool] = lambda _yours: True


AWAY = frozenset({"database_unavailable"})
FAULTS = (
    Fault(away, AWAY),
    Fault(silent, AWAY),
    Fault(standby, frozenset({"database_not_writable"})),
    Fault(stolen, frozenset({"lock_lost"})),
    Fault(full, AWAY | {"disk_full"}, lambda yours: yours.has_small_disk),
    Fault(unpooled, AWAY, lambda yours: yours.has_pooler),
)
