"""This daemon as one of several nodes: one leads and has all accounts, the others stand by.

The leader shows a sign of life in time, or acts no more; who stands by sees whether it does.
"""

import asyncio
import logging
from collections.abc import Collection
from datetime import datetime
from typing import NoReturn

from waremind.daemon.system.clock import Clock
from waremind.daemon.system.failures import Failures
from waremind.daemon.system.logs import event
from waremind.daemon.system.membership import Membership
from waremind.daemon.system.tasks import within
from waremind.domain.ids import new_id
from waremind.domain.membership import CLOCK_WRONG, Lease, Watch
from waremind.settings import Cluster
from waremind.store import nodes
from waremind.store.cluster_health import clock_offset
from waremind.store.database import Connection, Database
from waremind.store.lock import DaemonLock
from waremind.store.nodes import NodeRow
from waremind.whatsapp.deadline import Deadline, boottime

log = logging.getLogger(__name__)

BEATS = 4  # in a lease


class ClusterMembership(Membership):
    """The membership of a node; its sessions send until `deadline` at most."""

    def __init__(  # noqa: PLR0913, PLR0917 - what a Membership needs, and the deadline
        self,
        lock: DaemonLock,
        database: Database,
        clock: Clock,
        failures: Failures,
        settings: Cluster,
        deadline: Deadline,
    ) -> None:
        super().__init__(lock, database, clock, failures, settings.name or "")
        self._beat_seconds = settings.lease_seconds / BEATS
        self._lease, self._watch = Lease(settings.lease_seconds), Watch(settings.lease_seconds)
        self._deadline = deadline
        self._deadline.end()

    @property
    def stands_by(self) -> bool:
        """Whether another node leads, or none yet."""
        return self.leader is None or self.leader.id != self.node or not self.term

    def lost_nodes(self) -> Collection[str]:
        """Name the nodes (their ids) that have shown no sign of life for a lease."""
        return self._watch.lost(boottime())

    async def join(self) -> None:
        """Become a node, and lead if no other one does."""
        async with self._database.connection() as connection:
            row = self._row(self._clock.now())
            await nodes.register(connection, row)
            await nodes.forget_former(connection, row)
        await self._beat()

    async def leave(self) -> None:
        """Have another node lead at once."""
        self._lease.end()
        self._deadline.end()
        await super().leave()

    async def _follow(self) -> NoReturn:
        work = "show a sign of life"
        while True:
            await asyncio.sleep(self._beat_seconds)
            try:
                await within(self._beat_seconds, self._beat())
            except Exception as error:  # noqa: BLE001 - it is noted, and nothing can end the daemon
                self._watch.lose_sight()
                self._failures.note(work, error)
            else:
                self._failures.clear(work)
            if not self._lease.holds(boottime()):
                self._end()

    async def _beat(self) -> None:
        """Show a sign of life, and do what the others' signs ask for."""
        sent_at, now = boottime(), self._clock.now()
        async with self._database.connection() as connection:
            is_wrong = abs(await clock_offset(connection, self._clock.now)) > CLOCK_WRONG
            # Others have to take its accounts as those of a node that is lost.
            leads = False if is_wrong else await nodes.beat(connection, self.node, now)
            there = await nodes.select_all(connection)
            self._see(there)
            if is_wrong:
                self._give_way()
            elif leads is None:
                await self._start_over(connection)
            elif not leads:
                self._give_way()
                leads = await self._lead_if_free(connection)
            if leads:
                await self._go_on(connection, sent_at, now)

    def _see(self, there: list[NodeRow]) -> None:
        self.leader = next((each for each in there if each.leads), None)
        self._watch.see({each.id: each.beat for each in there if each.id != self.node}, boottime())

    async def _start_over(self, connection: Connection) -> None:
        """Become another node: what this one has left, others may have taken."""
        self._give_way()
        self.node = new_id("nod")
        await nodes.register(connection, self._row(self._clock.now()))

    def _give_way(self) -> None:
        """Stop to act: another node leads."""
        self._lease.end()
        self._deadline.end()
        if self.held.is_set():
            event(log, "another node leads", logging.WARNING, node=self._name)
        self._end()
        self.changes.accounts_lost()

    async def _lead_if_free(self, connection: Connection) -> bool:
        lost = self._watch.lost(boottime())
        before = self.leader
        if not self._lock.held.is_set() or (before and before.id not in lost):
            return False
        async with connection.transaction():
            leads = await nodes.follow(connection, self.node, lost)
        if leads:
            after = before.name if before else ""
            event(log, "leads", logging.WARNING, node=self._name, after=after)
            self.has_followed = before is not None
        return leads

    async def _go_on(self, connection: Connection, sent_at: float, now: datetime) -> None:
        """Act for one more lease, and have what is not ours yet."""
        self._lease.renew(sent_at)
        self._deadline.put(self._lease.until)
        if self.held.is_set() and await nodes.has_all(connection, self.node):
            return
        async with connection.transaction():
            claimed = await nodes.claim(connection, self.node, now)
        self._begin(claimed)
        self.leader = self._row(now)
