"""Who waits for a run to end, and what tells them to look again."""

import asyncio
from collections.abc import Collection, Iterable
from contextlib import suppress
from weakref import WeakValueDictionary

from waremind.daemon.system.changes import Subscriber
from waremind.store import deliveries as table
from waremind.store.database import Database
from waremind.store.deliveries import ChangedDelivery


class RunWaiters(Subscriber):
    """The runs that somebody waits for.

    With `poll_seconds` they are also looked at so often: another node may end them, which tells
    nobody.
    """

    def __init__(self, database: Database, poll_seconds: float | None = None) -> None:
        self._database = database
        self._poll_seconds = poll_seconds
        # By run; an event lives as long as somebody waits for it.
        self._changed = WeakValueDictionary[str, asyncio.Event]()

    async def ended(self, run: str) -> None:
        """Return when nothing of a run is scheduled or being sent any more."""
        while True:
            changed = self._changed.setdefault(run, asyncio.Event())
            async with self._database.connection() as connection:
                if not await table.is_open(connection, run):
                    return
            with suppress(TimeoutError):
                async with asyncio.timeout(self._poll_seconds):
                    await changed.wait()

    def runs_changed(self, deliveries: Collection[ChangedDelivery]) -> None:
        """Let who waits for one of these runs look again."""
        self._notify(delivery.run_id for delivery in deliveries)

    def account_deleted(self, account: str) -> None:  # noqa: ARG002 - whose run it was is not kept
        """Let all who wait look again: one of its runs may be gone."""
        self._notify(list(self._changed))

    def _notify(self, runs: Iterable[str]) -> None:
        for run in runs:
            if changed := self._changed.pop(run, None):
                changed.set()
