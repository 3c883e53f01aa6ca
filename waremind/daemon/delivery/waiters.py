"""Who waits for a run to end, and what tells them to look again."""

import asyncio
import itertools
from collections.abc import Collection, Iterable
from contextlib import suppress
from weakref import WeakValueDictionary

from waremind.daemon.system.changes import Subscriber
from waremind.domain.backoff import delay_seconds
from waremind.store import deliveries as table
from waremind.store.database import Database
from waremind.store.deliveries import ChangedDelivery

FIRST_SECONDS = 0.02
MOST_SECONDS = 0.5


class RunWaiters(Subscriber):
    """The runs that somebody waits for.

    What another node ends tells nobody here: with `has_others` they are looked at now and then.
    """

    def __init__(self, database: Database, *, has_others: bool) -> None:
        self._database = database
        self._has_others = has_others
        # By run; an event lives as long as somebody waits for it.
        self._changed = WeakValueDictionary[str, asyncio.Event]()

    async def ended(self, run: str) -> None:
        """Return when nothing of a run is scheduled or being sent any more."""
        for looks in itertools.count(1):
            changed = self._changed.setdefault(run, asyncio.Event())
            async with self._database.connection() as connection:
                if not await table.is_open(connection, run):
                    return
            with suppress(TimeoutError):
                async with asyncio.timeout(self._patience(looks)):
                    await changed.wait()

    def _patience(self, looks: int) -> float | None:
        """Say how long to wait, after so many looks, until somebody says that a run has changed."""
        return delay_seconds(looks, FIRST_SECONDS, MOST_SECONDS, 1.0) if self._has_others else None

    def runs_changed(self, deliveries: Collection[ChangedDelivery]) -> None:
        """Let who waits for one of these runs look again."""
        self._notify(delivery.run_id for delivery in deliveries)

    def account_deleted(self, account: str) -> None:  # noqa: ARG002 - whose run it was is not kept
        """Let all who wait look again: one of its runs may be gone."""
        self.look_again()

    def look_again(self) -> None:
        """Let all who wait look again."""
        self._notify(list(self._changed))

    def _notify(self, runs: Iterable[str]) -> None:
        for run in runs:
            if changed := self._changed.pop(run, None):
                changed.set()
