"""Tells whoever follows events how far they are decided; each reads them from PostgreSQL itself.

So a slow reader holds nothing of ours, and nothing is written or notified for nobody.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import NoReturn

from waremind.daemon.system.failures import Failures
from waremind.daemon.system.tasks import run_forever
from waremind.domain.wall_time import rfc3339
from waremind.errors import ErrorCode, WaremindError
from waremind.requests.events import Event
from waremind.store import events as table
from waremind.store.database import Database
from waremind.store.events import EventRow, Horizon

POLL_SECONDS = 0.2  # while somebody waits
RETRY_SECONDS = 1.0  # with a database that is away
PAGE = 100


class EventFeed:
    """Looks how far the events are while somebody waits for more of them."""

    def __init__(self, database: Database, failures: Failures) -> None:
        self._database = database
        self._failures = failures
        self._horizon = Horizon()
        self._waiting = 0
        self._wanted = asyncio.Event()
        self._moved = asyncio.Event()
        self._has_ended = False

    async def run(self) -> NoReturn:
        """Look for as long as somebody waits, for ever; at the end all who wait are told."""
        try:
            await run_forever(
                self._failures,
                "read events",
                self._round,
                self._sleep,
                patience_seconds=RETRY_SECONDS,
            )
        finally:
            self._has_ended = True
            self._moved.set()

    async def _round(self) -> bool:
        self._wanted.clear()
        if self._waiting:
            before = self._horizon.at
            async with self._database.connection() as connection:
                after = await self._horizon.look(connection)
            if after > before:
                self._moved.set()
                self._moved = asyncio.Event()
        return False

    async def _sleep(self) -> None:
        if self._waiting:
            await asyncio.sleep(POLL_SECONDS)
        else:
            await self._wanted.wait()

    async def beyond(self, after: int) -> int:
        """Wait until all events up to some id above `after` are decided; returns that id.

        Raises WaremindError `daemon_unreachable` when the daemon stops.
        """
        self._waiting += 1
        self._wanted.set()
        try:
            while self._horizon.at <= after:
                if self._has_ended:
                    message = "cannot follow events: the daemon is stopping"
                    hint = "go on after the last id when it is back: waremind events --since ID"
                    raise WaremindError(ErrorCode.DAEMON_UNREACHABLE, message, hint=hint)
                await self._moved.wait()
            return self._horizon.at
        finally:
            self._waiting -= 1

    async def decided(self) -> int:
        """Wait until all that was written by now is decided; returns the last id of that."""
        horizon = Horizon()
        async with self._database.connection() as connection:
            while await horizon.look(connection) < 0:  # noqa: ASYNC110 - PostgreSQL has to be asked
                await asyncio.sleep(POLL_SECONDS)
        return horizon.at

    async def pages(
        self, after: int, until: int, types: Sequence[str]
    ) -> AsyncGenerator[list[Event]]:
        """Read decided events above `after` up to `until`, page by page."""
        rows: list[EventRow] = []
        while not rows or len(rows) == PAGE:
            async with self._database.connection() as connection:
                rows = await table.select(connection, after, until, types, PAGE)
            if not rows:
                return
            after = rows[-1].id
            yield [event_of(row) for row in rows]


def event_of(row: EventRow) -> Event:
    """Show an event."""
    return Event(
        id=row.id,
        at=rfc3339(row.at),
        type=row.type,
        account=row.account_id,
        reminder=row.reminder_id,
        run=row.run_id,
        group=row.group_id,
        data=row.data,
    )
