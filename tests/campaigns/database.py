"""A daemon's PostgreSQL as campaigns see it: from outside, past the daemon and any pooler."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import psycopg
from daemon_process import DaemonProcess


class Database(Protocol):
    """What is looked at, and what is done harm to."""

    data: Path
    """The directory of the cluster; there may be none yet."""

    def connect(self) -> psycopg.Connection:
        """Connect as who may do anything; raises OSError or psycopg.Error while there is none."""
        ...


class Embedded:
    """The server that the daemon runs for itself."""

    def __init__(self, daemon: DaemonProcess) -> None:
        self.data = daemon.state / "postgres/data"
        self._passwords = daemon.state / "postgres/passwords"

    def connect(self) -> psycopg.Connection:
        """Connect as the owner of the tables."""
        for socket in self.data.parent.rglob(".s.PGSQL.5432"):
            dsn = f"host={socket.parent} user=waremind dbname=waremind passfile={self._passwords}"
            return psycopg.connect(dsn, autocommit=True)
        raise FileNotFoundError(self.data)


def postmasters(database: Database) -> list[int]:
    """Find PostgreSQL's first process."""
    files = database.data.glob("postmaster.pid")
    return [int(file.read_text().split("\n", 1)[0]) for file in files]


def files(database: Database) -> Iterator[Path]:
    """Yield the files in which tables lie."""
    return database.data.glob("base/**/*")
