"""This daemon as one of several nodes, each of which has its share of the accounts.

A node shows signs of life in time, or acts no more; the others see whether it does, and take the
accounts of one that is lost. One of them leads: it does what is to be done once.
"""

import asyncio
import logging
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import chain
from typing import NamedTuple, NoReturn

from waremind.daemon.system.changes import Subscriber
from waremind.daemon.system.clock import Clock
from waremind.daemon.system.failures import Failures
from waremind.daemon.system.logs import event
from waremind.daemon.system.membership import RETRY_SECONDS, Membership, NodeCondition
from waremind.daemon.system.tasks import wait_first, within
from waremind.domain.ids import new_id
from waremind.domain.membership import CLOCK_WRONG, Lease, Sign, Watch
from waremind.domain.shares import Plan, plan
from waremind.settings import Cluster
from waremind.store import accounts, migrations, nodes, ownership
from waremind.store.accounts import AccountRow
from waremind.store.cluster_health import clock_offset
from waremind.store.database import Connection, Database, passes
from waremind.store.deliveries import ChangedDelivery
from waremind.store.lock import DaemonLock
from waremind.store.nodes import NodeRow
from waremind.store.refusals import silent
from waremind.whatsapp.deadline import Deadline, boottime

log = logging.getLogger(__name__)

BEATS = 4  # in a lease
SOON_SECONDS = 0.2  # until the next look, as long as accounts are on their way


class _Claimed(NamedTuple):
    """The accounts that are this node's, of whose last messages it is `unknown` how they ended.

    With `is_first` nobody had them just before.
    """

    rows: Sequence[AccountRow]
    unknown: Sequence[ChangedDelivery]
    is_first: bool


class ClusterMembership(Membership, Subscriber):
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
        self._lease_seconds = settings.lease_seconds
        self._lease, self._watch = Lease(settings.lease_seconds), Watch()
        self._deadline = deadline
        self._deadline.end()
        self._leading = asyncio.Event()
        self._there: list[NodeRow] = []
        self._mine: set[str] = set()
        self._bug: Exception | None = None
        self._surplus_since: float | None = None
        self._look_after = self._beat_seconds
        self._woken = asyncio.Event()
        self.changes.subscribe(self)

    @property
    def leading(self) -> asyncio.Event:
        """Set as long as this node does what is to be done once."""
        return self._leading

    def lost_nodes(self) -> Collection[str]:
        """Name the nodes (their ids) that have shown no sign of life for a lease."""
        return self._watch.lost(boottime())

    def name_of(self, node: str | None) -> str | None:
        """Name a node by its id, as far as it is known."""
        if node == self.node:
            return self._name
        return next((row.name for row in self._there if row.id == node), None)

    def condition_of(self, row: NodeRow) -> NodeCondition:
        """Say how a node is, as far as this one has seen."""
        at = boottime()
        if row.id in self._watch.lost(at):
            return "lost"
        mute = self._watch.mute(at) if self.held.is_set() else {*self._watch.mute(at), self.node}
        if row.id in mute:
            return "mute"
        return "draining" if row.draining else "speaking"

    def look_soon(self) -> None:
        """Look at once for what the others have written about nodes and accounts."""
        self._woken.set()

    def account_added(self, account: str) -> None:
        """Take note of an account that is new, and ours."""
        self._mine.add(account)

    def account_deleted(self, account: str) -> None:
        """Forget an account that is gone."""
        self._mine.discard(account)

    def account_let_go(self, account: str) -> None:
        """Forget an account that is ours no longer, and find the next one that should not be."""
        self._mine.discard(account)
        self.look_soon()

    async def join(self) -> None:
        """Become a node, and take what no other one has."""
        async with self._database.connection() as connection:
            row = self._row(self._clock.now())
            await nodes.register(connection, row)
            await nodes.forget_former(connection, row)
        await self._beat()

    async def leave(self) -> None:
        """Have others go on with the accounts at once."""
        self._lease.end()
        self._deadline.end()
        await super().leave()

    async def _follow(self) -> NoReturn:
        work = "show a sign of life"
        while True:
            await wait_first(asyncio.sleep(self._look_after), self._woken.wait())
            self._woken.clear()
            self._look_after = self._beat_seconds
            try:
                await within(self._beat_seconds, self._beat())
            except Exception as error:  # noqa: BLE001 - it is noted, and nothing can end the daemon
                self._watch.lose_sight()
                is_silent = isinstance(error, TimeoutError)
                self._failures.note(work, silent(self._beat_seconds) if is_silent else error)
                self._look_after = RETRY_SECONDS
            else:
                self._failures.clear(work)
            if not self._lease.holds(boottime()):
                self._end()

    async def _beat(self) -> None:
        """Do what the others' signs ask for, then show one: who cannot do it shows none."""
        began_at, now = boottime(), self._clock.now()
        async with self._database.connection() as connection:
            self._see(await nodes.select_all(connection))
            if abs(await clock_offset(connection, self._clock.now)) > CLOCK_WRONG:
                self._give_way()
                return
            standing = await nodes.standing(connection, self.node)
            if standing is None:
                await self._start_over(connection)
                return
            if standing.is_outdated:
                self._give_way()
                migrations.check(await migrations.applied(connection), migrations.read())
            planned = await self._planned(connection)
            mine = await ownership.of(connection, self.node)
            claimed = await self._claimed(planned, mine, now)
            if self._bug:
                raise self._bug
            if not await nodes.beat(connection, self.node, now):
                await self._start_over(connection)
                return
            ours = set(self._mine)
            # Until the beat they may have been taken; whoever looks from now on sees it.
            mine = await ownership.of(connection, self.node)
            self._lose(ours - mine)
            self._lease.renew(began_at)
            self._deadline.put(self._lease.until)
            if claimed:
                self._act_for(claimed, mine)
            self.changes.accounts_surplus(await self._surplus(connection, planned))
            self._lead(leads=standing.leads or await self._lead_if_free(connection))

    def _row(self, now: datetime) -> NodeRow:
        return replace(super()._row(now), lease_seconds=self._lease_seconds)

    def _see(self, there: list[NodeRow]) -> None:
        self._there = there
        others = (each for each in there if each.id != self.node)
        self._watch.see(
            {each.id: Sign(each.beat, each.lease_seconds) for each in others}, boottime()
        )

    def _lose(self, accounts: Collection[str]) -> None:
        """Stop to act for accounts that others have taken."""
        if accounts:
            event(log, "accounts lost", logging.WARNING, node=self._name, accounts=len(accounts))
        self._mine.difference_update(accounts)
        self.changes.accounts_lost(accounts)

    async def _start_over(self, connection: Connection) -> None:
        """Become another node: what this one has left, others may have taken."""
        self._give_way()
        self.node = new_id("nod")
        await nodes.register(connection, self._row(self._clock.now()))
        self.look_soon()

    def _give_way(self) -> None:
        """Stop to act: others take the accounts, or have taken them."""
        self._lease.end()
        self._deadline.end()
        self._end()
        self._lose(set(self._mine))

    # -- what is to be done once

    def _end(self) -> None:
        self._leading.clear()
        super()._end()

    def _lead(self, *, leads: bool) -> None:
        if leads and self.held.is_set():
            self._leading.set()
        else:
            self._leading.clear()

    async def _lead_if_free(self, connection: Connection) -> bool:
        before = next((each for each in self._there if each.leads), None)
        lost = self._watch.lost(boottime())
        if not self._lock.held.is_set() or (before and before.id not in lost):
            return False
        async with connection.transaction():
            leads = await nodes.follow(connection, self.node, lost)
        if leads:
            event(log, "leads", node=self._name, after=before.name if before else "")
        return leads

    # -- its share of the accounts

    async def _planned(self, connection: Connection) -> Plan:
        lost = self._watch.lost(boottime())
        lively = nodes.candidates(self._there, lost)
        planned = plan(self.node, lively, await ownership.count(connection))
        if not planned.is_settled:
            self._look_after = min(SOON_SECONDS, self._beat_seconds)
        return planned

    async def _claimed(
        self, planned: Plan, mine: Collection[str], now: datetime
    ) -> _Claimed | None:
        """Take what is this node's to have; None: nothing is new.

        After one that failed for a reason that does not pass by itself, the node shows no sign
        of life until there was one that did not: others would give it what it cannot take.
        """
        is_news = planned.takes or planned.expected or not self._mine.issuperset(mine)
        if not self._lock.held.is_set() or (self.held.is_set() and not is_news):
            return None
        try:
            claimed = await self._claim(planned, now)
        except Exception as error:
            self._bug = None if passes(error) else error
            raise
        self._bug = None
        return claimed

    async def _claim(self, planned: Plan, now: datetime) -> _Claimed:
        async with self._database.transaction() as connection:
            lost = await nodes.still_lost(connection, self._watch.lost(boottime()))
            for part in planned.parts:
                await ownership.claim(connection, self.node, part, lost)
            unknown = await ownership.lose_track(connection, self.node, now)
            rows = await accounts.select_of(connection, self.node)
        return _Claimed(rows, unknown, is_first=len(self._there) == 1 and not self.has_begun)

    def _act_for(self, claimed: _Claimed, mine: Collection[str]) -> None:
        rows = [row for row in claimed.rows if row.id in mine]
        if self.held.is_set():  # else all are claimed anew: what was late meanwhile is judged
            rows = [row for row in rows if row.id not in self._mine]
        self._mine.update(row.id for row in rows)
        if rows:
            event(log, "accounts claimed", node=self._name, accounts=len(rows))
        self._begin(rows, claimed.unknown, afresh=claimed.is_first)

    async def _surplus(self, connection: Connection, planned: Plan) -> list[str]:
        """List what to give away, once the others have had time to see that it is theirs."""
        if not (planned.gives or planned.leave):
            self._surplus_since = None
            return []
        at = boottime()
        self._surplus_since = self._surplus_since or at
        if at - self._surplus_since < self._beat_seconds or not self.held.is_set():
            return []
        found = [await ownership.surplus(connection, self.node, part) for part in planned.parts]
        return [*chain.from_iterable(found)]
