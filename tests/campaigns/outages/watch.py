"""Someone who compares, all the time, what `status` says with what is late in the tables."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

import psycopg
from daemon_process import DaemonProcess

from campaigns.database import Database
from waremind.errors import ErrorCode, WaremindError
from waremind.objects import StatusReport
from waremind.requests.daemon import Status

PAUSE_SECONDS = 0.25
# Late by more than a minute, and by as much again as an answer takes.
LATE = """
    SELECT 1 FROM reminders WHERE state = 'active' AND next_at < now() - interval '62 s'
    UNION ALL
    SELECT 1 FROM deliveries
    WHERE status IN ('scheduled', 'sending') AND due_at < now() - interval '62 s'
    LIMIT 1
"""


def is_late(database: Database) -> bool:
    """Tell whether the tables have something that is late; nobody knows while they are away."""
    with contextlib.suppress(psycopg.Error, OSError), database.connect() as connection:
        connection.execute("SET statement_timeout = '2s'")
        return connection.execute(LATE.encode()).rowcount > 0
    return False


class Watch:
    """Asks until the end; `lies` counts how often all was said to be well, and was not."""

    def __init__(self, daemon: DaemonProcess, database: Database) -> None:
        self._daemon = daemon
        self._database = database
        self.answers = 0
        self.troubled = 0
        self.lies = 0

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Watch beside the body."""
        end = Event()
        with ThreadPoolExecutor(1) as one:
            watching = one.submit(self._keep, end)
            try:
                yield
            finally:
                end.set()
        watching.result()

    def _keep(self, end: Event) -> None:
        while not end.wait(PAUSE_SECONDS):
            late = is_late(self._database)
            report = self.status()
            if report is None:  # the daemon itself was killed
                continue
            self.answers += 1
            self.troubled += not report.ok
            self.lies += report.ok and late and is_late(self._database)

    def status(self) -> StatusReport | None:
        """Ask the daemon, which has to answer whatever its database does."""
        try:
            return self._daemon.call(Status())
        except WaremindError as error:
            if error.code is not ErrorCode.DAEMON_UNREACHABLE:
                raise
            return None
