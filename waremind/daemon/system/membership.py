"""This daemon as a node: which accounts are its own, and whether it may act for them now."""

import asyncio
import logging
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Literal, NoReturn

import waremind
from waremind.daemon.system.changes import Changes
from waremind.daemon.system.clock import Clock
from waremind.daemon.system.failures import Failures
from waremind.daemon.system.logs import event
from waremind.daemon.system.tasks import wait_first
from waremind.domain.ids import new_id
from waremind.store import accounts, migrations, nodes, ownership
from waremind.store.accounts import AccountRow
from waremind.store.database import Database
from waremind.store.deliveries import ChangedDelivery
from waremind.store.lock import DaemonLock, Tell
from waremind.store.nodes import NodeRow
from waremind.whatsapp.engine_age import engine_version

log = logging.getLogger(__name__)

NodeCondition = Literal["speaking", "mute", "draining", "lost"]

RETRY_SECONDS = 0.5  # with a database that is away


class Membership:
    """It may act for its accounts from `held` on, until `lost`; these are set in turn.

    With them lost, nothing is claimed or sent: another daemon may have the accounts.
    """

    def __init__(
        self, lock: DaemonLock, database: Database, clock: Clock, failures: Failures, name: str
    ) -> None:
        self.node = new_id("nod")
        self.has_begun = False  # accounts were ours before
        self.held = asyncio.Event()
        self.lost = asyncio.Event()
        self.lost.set()
        self.changes = Changes()
        self._lock = lock
        self._database = database
        self._clock = clock
        self._failures = failures
        self._name = name

    @property
    def leading(self) -> asyncio.Event:
        """Set as long as this node does what is to be done once, however many there are."""
        return self.held

    def lost_nodes(self) -> Collection[str]:
        """Name the nodes (their ids) that show no sign of life."""
        return ()

    def name_of(self, node: str | None) -> str | None:  # noqa: ARG002 - one machine has no names
        """Name a node of the cluster by its id, as far as it is known."""
        return None

    def condition_of(self, row: NodeRow) -> NodeCondition:  # noqa: ARG002 - there is this one
        """Say how a node of the cluster is, as far as this one has seen."""
        return "speaking"

    def look_soon(self) -> None:
        """Look at once for what the others have written about nodes and accounts."""

    async def join(self) -> None:
        """Take over all accounts, which whoever held the lock before may have had.

        Raises WaremindError `database_unavailable`.
        """
        now = self._clock.now()
        async with self._database.transaction() as connection:
            await nodes.register(connection, self._row(now))
            await nodes.lead(connection, self.node)
            await ownership.claim_all(connection, self.node)
            unknown = await ownership.lose_track(connection, self.node, now)
            rows = await accounts.select_of(connection, self.node)
        self._begin(rows, unknown, afresh=not self.has_begun)

    async def keep(self, tell: Tell) -> NoReturn:
        """Hold the lock and what comes with it, for ever."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._lock.keep(tell))
            tasks.create_task(self._follow())
        raise AssertionError

    async def leave(self) -> None:
        """Give the accounts to whoever comes next."""
        self._end()
        async with self._database.connection() as connection:
            await nodes.remove(connection, self.node)

    async def _follow(self) -> NoReturn:
        """Take over again, when the lock is back, what is lost with it."""
        while True:
            await self._lock.lost.wait()
            self._end()
            while not self.held.is_set():
                await self._lock.held.wait()
                await self._rejoin()

    async def _rejoin(self) -> None:
        work = "take over the accounts"
        try:
            await self.join()
        except Exception as error:  # noqa: BLE001 - it is noted, and nothing can end the daemon
            self._failures.note(work, error)
            await wait_first(asyncio.sleep(RETRY_SECONDS), self._lock.lost.wait())
        else:
            self._failures.clear(work)

    def _begin(
        self, rows: Sequence[AccountRow], unknown: Sequence[ChangedDelivery], *, afresh: bool
    ) -> None:
        """Act for accounts; of what others were sending in them nobody knows how it ended."""
        if unknown:
            event(log, "outcome unknown", logging.WARNING, deliveries=len(unknown))
        self.changes.accounts_claimed(rows, afresh=afresh)
        self.has_begun = True
        if self._lock.held.is_set():
            self.lost.clear()
            self.held.set()
        self.changes.runs_changed(unknown)

    def _end(self) -> None:
        self.held.clear()
        self.lost.set()

    def _row(self, now: datetime) -> NodeRow:
        return NodeRow(
            id=self.node,
            name=self._name,
            version=waremind.__version__,
            engine=engine_version(),
            migrations=len(migrations.read()),
            beat_at=now,
            started_at=now,
        )
