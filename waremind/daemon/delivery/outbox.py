"""Everything that makes messages leave: scheduler, deliveries, holds, and the accounts."""

import asyncio
from datetime import datetime

from waremind.daemon.accounts.environment import SideReport
from waremind.daemon.accounts.groups import Groups
from waremind.daemon.accounts.inbox import Restricted
from waremind.daemon.accounts.registry import Accounts
from waremind.daemon.delivery.after_cuts import AfterCuts
from waremind.daemon.delivery.cleaner import keep_house
from waremind.daemon.delivery.follow_ups import FollowUps
from waremind.daemon.delivery.giving_away import GivingAway
from waremind.daemon.delivery.holds import Holds
from waremind.daemon.delivery.receipts import Receipts
from waremind.daemon.delivery.revoker import Revoker
from waremind.daemon.delivery.scheduler import Scheduler
from waremind.daemon.delivery.sender import Sender
from waremind.daemon.delivery.waiters import RunWaiters
from waremind.daemon.system.runtime import Runtime
from waremind.domain.lifecycle import State
from waremind.store import deliveries, revocations
from waremind.store.accounts import AccountRow
from waremind.whatsapp.gateway import Session
from waremind.whatsapp.reports import Receipt

STARTING = frozenset({State.STARTING, State.LINKED, State.RESUMING})


class RegisteredSenders:
    """The accounts, as the sender sees them (`senders.SendingAccounts`)."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    def label(self, account: str) -> str:
        """Name the account to a person; by its id when it is gone."""
        found = self._accounts.find(account)
        return found.row.label if found else account

    def is_ours(self, account: str) -> bool:
        """Tell whether this node has the account."""
        return self._accounts.find(account) is not None

    def ours(self) -> list[str]:
        """List the accounts that this node has."""
        return [account.row.id for account in self._accounts]

    def is_connected(self, account: str) -> bool:
        """Tell whether the account is connected now."""
        found = self._accounts.find(account)
        return found is not None and found.row.state is State.CONNECTED

    def is_starting(self, account: str) -> bool:
        """Tell whether the account is about to be connected, which has a bound."""
        found = self._accounts.find(account)
        return found is not None and found.row.state in STARTING

    def session(self, account: str) -> Session | None:
        """Give the open session of a connected account."""
        found = self._accounts.find(account)
        return found.effects.session if found and found.row.state is State.CONNECTED else None

    def session_number(self, account: str) -> int | None:
        """Give the number of a connected account's session."""
        found = self._accounts.find(account)
        return found.row.session if found and found.row.state is State.CONNECTED else None

    def linked_at(self, account: str) -> datetime | None:
        """Say when the account's device was linked."""
        found = self._accounts.find(account)
        return found.row.linked_at if found else None

    def restrict(self, account: str, until: datetime) -> None:
        """Note that WhatsApp lets the account send no more until then."""
        if found := self._accounts.find(account):
            found.post(Restricted(found.row.session, until))


class Outbox:
    """Scheduler, deliveries and holds of one daemon."""

    def __init__(self, runtime: Runtime, accounts: Accounts, receipts: Receipts) -> None:
        self._runtime = runtime
        self._accounts = accounts
        self._receipts = receipts
        self._senders = senders = RegisteredSenders(accounts)
        self.holds = Holds(runtime)
        self.sender = Sender(runtime, senders, self.holds)
        self.revoker = Revoker(runtime, senders, self.sender)
        self.scheduler = Scheduler(runtime, self.holds)
        self.follow_ups = FollowUps(runtime, self.holds)
        self.giving_away = GivingAway(runtime, accounts, self.sender, self.revoker)
        self.after_cuts = AfterCuts(runtime, self._look_after_cut)
        has_others = runtime.current.settings.cluster.name is not None
        self.waiters = RunWaiters(runtime.readers, has_others=has_others)
        runtime.changes.subscribe(
            self.holds,
            self.sender,
            self.sender.progress,
            self.revoker,
            self.scheduler,
            self.follow_ups,
            self.giving_away,
            self.waiters,
            receipts,
        )

    async def run(self) -> None:
        """Run all of them, for ever."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.scheduler.run())
            tasks.create_task(self.sender.run())
            tasks.create_task(self.revoker.run())
            tasks.create_task(self.follow_ups.run())
            tasks.create_task(self.holds.run())
            tasks.create_task(self.giving_away.run())
            tasks.create_task(self._receipts.run())
            tasks.create_task(keep_house(self._runtime))
            tasks.create_task(self.after_cuts.run())

    async def _look_after_cut(self) -> None:
        """Find out what was written without our hearing so, which nobody else tells of either."""
        await self._accounts.look_again()
        await self.look_again()
        self.holds.recheck(self._senders.ours())
        self.waiters.look_again()

    async def look_again(self) -> None:
        """Find out what was written for this node to do, by others or without our hearing so."""
        self._runtime.membership.look_soon()
        await self.holds.read_freezes()
        ours = self._senders.ours()
        async with self._runtime.database.connection() as connection:
            work = await deliveries.work(connection, ours)
            wanting = await revocations.accounts_wanting(connection, ours)
        self.revoker.want(wanting)
        self.scheduler.wake()
        self._runtime.changes.work_for([entry.account_id for entry in work])

    async def finish(self) -> None:
        """Write what was heard while the accounts were stopped."""
        await self._receipts.finish()


class StoredReports:
    """Groups and receipts, as the accounts' Listener."""

    def __init__(self, groups: Groups, receipts: Receipts) -> None:
        self._groups = groups
        self._receipts = receipts

    async def hear(self, row: AccountRow, report: SideReport, session: Session | None) -> None:
        """Store what a session tells."""
        if isinstance(report, Receipt):
            self._receipts.hear(row, report)
        else:
            await self._groups.hear(row, report, session)

    async def sync(self, row: AccountRow, session: Session, *, forced: bool) -> bool:
        """Fetch and store all groups."""
        return await self._groups.sync(row, session, forced=forced)
