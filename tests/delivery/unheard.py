"""A PostgreSQL that may do a commit, and never say so."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

import psycopg
from daemon_process import until
from postgres_fixtures import own_server

# A commit waits for a standby that does not exist, if a test says so.
WAITING = {"max_wal_senders": "1", "wal_level": "replica"}


class WaitingServer:
    """A server whose commits can be made to wait after they are done."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        self._connection = psycopg.connect(dsn, autocommit=True)
        self._connection.execute("SET synchronous_commit = local")

    def close(self) -> None:
        self._connection.close()

    def audited(self) -> int:
        """Count what the audit log says was done."""
        found = self._connection.execute("SELECT count(*) FROM audit_log").fetchone()
        return found[0] if found else 0

    def cut(self) -> int:
        """Cut the connections of those who wait after a commit: it is done, and nobody is told.

        Returns how many they were.
        """
        return self._connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
        ).rowcount

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Let commits wait for a standby that does not exist, as long as the block lasts."""
        self._wait_for("'nobody'")
        with ThreadPoolExecutor(1) as somebody:
            commits = somebody.submit(self._commit)
            until(lambda: self.cut() >= 0 and commits.done(), "commits to wait")
        try:
            yield
        finally:
            self._wait_for("''")

    def _wait_for(self, standby: str) -> None:
        self._connection.execute(f"ALTER SYSTEM SET synchronous_standby_names = {standby}".encode())
        self._connection.execute("SELECT pg_reload_conf()")

    def _commit(self) -> None:
        """Commit until one of them is cut off."""
        with suppress(psycopg.OperationalError), psycopg.connect(self.dsn) as connection:
            while True:
                connection.execute("SELECT pg_logical_emit_message(true, 'tests', '')")
                connection.commit()


@contextmanager
def waiting_server() -> Iterator[WaitingServer]:
    """Run such a server."""
    with own_server(**WAITING) as own:
        server = WaitingServer(own.start())
        try:
            yield server
        finally:
            server.close()
