"""Who waits for a run to end, and what tells them to look again."""

import asyncio
from collections.abc import Iterable
from weakref import WeakValueDictionary

from waremind.store import deliveries as table
from waremind.store.database import Database


class RunWaiters:
    """The runs that somebody waits for."""

    def __init__(self, database: Database) -> None:
        self._database = database
        # By run; an event lives as long as somebody waits for it.
        self._changed = WeakValueDictionary[str, asyncio.Event]()

    async def ended(self, run: str) -> None:
        """Return when nothing of a run is scheduled or being sent any more."""
        while True:
            changed = self._changed.setdefault(run, asyncio.Event())
            async with self._database.connection() as connection:
                if not await table.is_open(connection, run):
                    return
            await changed.wait()

    def notify(self, runs: Iterable[str]) -> None:
        """Tell who waits for runs that something of them has changed."""
        for run in runs:
            if changed := self._changed.pop(run, None):
                changed.set()

    def notify_all(self) -> None:
        """Let all who wait look again: an account, a freeze or a deletion has changed something."""
        self.notify(list(self._changed))
