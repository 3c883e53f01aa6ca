"""Sends what is due: one message at a time in each account, the writes batched across accounts.

`sending` is written before a send starts; what nobody can know afterwards is called `unknown`.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import islice
from typing import NoReturn, cast

from waremind.daemon.delivery.attaching import Attacher, Handed
from waremind.daemon.delivery.holds import Holds
from waremind.daemon.delivery.lead_time import LEAD, wait_until_due
from waremind.daemon.delivery.outcomes import attempt, ending_of, log_ending, trips_breaker
from waremind.daemon.delivery.overdue import Progress
from waremind.daemon.delivery.pace import Pace, SendingAccounts
from waremind.daemon.delivery.take_backs import TakeBacks
from waremind.daemon.system.changes import Subscriber
from waremind.daemon.system.logs import event
from waremind.daemon.system.runtime import Runtime
from waremind.daemon.system.tasks import run_forever, wait_first, within
from waremind.errors import WaremindError
from waremind.store import deliveries as table
from waremind.store import holds as holds_table
from waremind.store.accounts import AccountRow
from waremind.store.deliveries import Able, ChangedDelivery, Ending
from waremind.store.sending import Sending
from waremind.whatsapp.reports import NotInGroup, NotSent, Outcome

log = logging.getLogger(__name__)

RETRY_SECONDS = 0.5  # with a database that is away
LANES = 2  # while one waits for PostgreSQL, the messages of the other one leave
ROUND = 64  # accounts at most in one transaction of a lane: the next ones are for another
SUSPENDED = timedelta(seconds=10)  # so late no load makes a round: the machine has slept
LOOK_SECONDS = 0.05  # at what another node is sending, which tells nobody
REST_SECONDS = 10.0  # for what is leaving of an account that another node is to have
FINISH_SECONDS = 2.0  # for what is being sent when the daemon stops, and to write it


class Sender(Subscriber):
    """The one place where messages leave."""

    def __init__(self, runtime: Runtime, senders: SendingAccounts, holds: Holds) -> None:
        self._database = runtime.database
        self._readers = runtime.readers
        self._has_others = runtime.current.settings.cluster.name is not None
        self._membership = runtime.membership
        self._clock = runtime.clock
        self._failures = runtime.failures
        self._senders = senders
        self._current = runtime.current
        self._changes = runtime.changes
        self._recent = runtime.recent
        self._holds = holds
        self._attacher = Attacher(runtime.database)
        self._tasks = asyncio.TaskGroup()
        self._sends: set[asyncio.Task[None]] = set()
        self.pace = Pace(runtime.current, senders)
        self.progress = Progress(self.pace)
        self._woken = asyncio.Event()
        self._due: dict[str, datetime] = {}  # when each account next has something to do
        self._busy: set[str] = set()  # accounts that are sending, or in the round of a lane
        self._ended: dict[str, Ending] = {}  # by account, until PostgreSQL has taken it
        self._written = asyncio.Event()  # of some account
        self._take_backs = TakeBacks()
        self._leaving: dict[str, asyncio.Task[None]] = {}  # the sends, by account, past any freeze
        self._claimed: dict[str, str] = {}  # accounts of which others may have left something
        self._set_aside: set[str] = set()  # those that another node is about to have
        self._recovering = asyncio.Lock()
        self._late = asyncio.Event()  # something has ended, which may be after the term

    def work_for(self, accounts: Collection[str]) -> None:
        """Look again: these accounts have something to send, or may send again."""
        now = self._clock.now()
        for account in filter(self._senders.is_ours, accounts):
            self._due[account] = now
        self._woken.set()

    def account_changed(self, before: AccountRow, row: AccountRow) -> None:  # noqa: ARG002
        """Look whether an account may send now, or is cut off."""
        self.work_for([row.id])

    def accounts_claimed(self, rows: Collection[AccountRow], *, afresh: bool) -> None:
        """Find out what others have left to be done, before anything else of these is sent."""
        self._claimed |= {row.id: "down" if afresh else "late" for row in rows}
        self._woken.set()

    def account_deleted(self, account: str) -> None:
        """Keep no pace of an account that is deleted."""
        self.pace.forget(account)

    def account_let_go(self, account: str) -> None:
        """Send nothing more of an account that another node has."""
        self.pace.forget(account)
        self._set_aside.discard(account)
        self._claimed.pop(account, None)
        if account not in self._ended:  # how that ended is written all the same
            self._due.pop(account, None)

    @contextlib.asynccontextmanager
    async def at_rest(self, account: str) -> AsyncGenerator[bool]:
        """Begin to send nothing of an account; tells whether all that was leaving is written."""
        self._set_aside.add(account)
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(REST_SECONDS):
                    while self._has_to_do(account):  # noqa: ASYNC110 - many places change it
                        await asyncio.sleep(LOOK_SECONDS)
            yield not self._has_to_do(account)
        finally:
            self._set_aside.discard(account)
            self.work_for([account])

    def _has_to_do(self, account: str) -> bool:
        return account in self._occupied or account in self._ended

    async def run(self) -> None:
        """Send until cancelled.

        What is being sent then may still end, so that its outcome is known.
        """
        async with self._tasks:
            try:
                async with asyncio.TaskGroup() as lanes:
                    lanes.create_task(self._follow_membership())
                    for _ in range(LANES):
                        lanes.create_task(self._lane())
            finally:
                await self._finish()

    async def _follow_membership(self) -> NoReturn:
        """Have the lanes wait for the accounts to be ours, not for work, when they are not."""
        while True:
            await self._membership.lost.wait()
            self._woken.set()
            await wait_first(self._membership.held.wait(), self._write_late())

    async def _write_late(self) -> NoReturn:
        """Write how sends ended that began when the accounts were still ours: we alone know."""
        while True:
            await self._late.wait()
            self._late.clear()
            late = set(self._ended) - self._occupied
            self._busy |= late
            try:
                await self._write(late, {}, self._clock.now())
            except WaremindError:  # noted by the lanes: PostgreSQL is away for them too
                await asyncio.sleep(RETRY_SECONDS)
                self._late.set()
            finally:
                self._busy -= late

    async def _lane(self) -> None:
        """Do the work while the accounts are ours and PostgreSQL is there, else wait for them."""
        await run_forever(
            self._failures,
            "deliver messages",
            self._round,
            self._sleep,
            patience_seconds=RETRY_SECONDS,
        )

    async def _finish(self) -> None:
        self._attacher.give_up()
        if self._sends:
            await asyncio.wait(self._sends, timeout=FINISH_SECONDS)
        if self._ended or self._take_backs.waiting:
            try:
                async with asyncio.timeout(FINISH_SECONDS):
                    await self._write(list(self._ended), {}, self._clock.now())
            except (WaremindError, TimeoutError) as error:
                event(log, "cannot write how sends ended", logging.WARNING, reason=repr(error))

    async def _recover(self) -> None:
        """Find out what others have left to be done of accounts that have become ours."""
        async with self._recovering:
            while self._claimed:
                reason = next(iter(self._claimed.values()))
                claimed = [each for each, why in self._claimed.items() if why == reason]
                await self._take_over(claimed, reason, self._clock.now())
                for account in claimed:
                    self._claimed.pop(account, None)

    async def _take_over(self, accounts: Sequence[str], reason: str, now: datetime) -> None:
        await self._holds.read_freezes()
        await self._holds.judge_late(accounts, reason)
        async with self._database.connection() as connection:
            sent = await table.started(connection, accounts, now - self.pace.memory())
            self.pace.replay(accounts, sent)
            self.progress.begin({account for account, _ in sent}, now)
            work = await table.work(connection, accounts)
        self.work_for([entry.account_id for entry in work])

    async def _round(self) -> bool:
        await self._membership.held.wait()
        await self._recover()
        self._woken.clear()
        now = self._clock.now()
        first = self.first_due()
        if first and now - first > SUSPENDED:
            await self._holds.judge_late(self._senders.ours(), "late")
        if picked := list(islice(self._pick(now), ROUND)):
            await self._write_and_start(picked, now)
        return bool(picked)

    def first_due(self) -> datetime | None:
        """Say when the first account that is not busy is due, or was; None: nothing is known."""
        busy = self._occupied
        return min((at for each, at in self._due.items() if each not in busy), default=None)

    @property
    def _occupied(self) -> set[str]:
        """The accounts that a lane has to do with, or that are sending."""
        return self._busy | self._take_backs.under_way

    def _pick(self, now: datetime) -> Iterable[str]:
        """Choose accounts of which something has ended, or that may be given something."""
        busy = self._occupied
        idle = (account for account in self._due if account not in busy)
        to_write = self._ended.keys() | self._take_backs.waiting
        return (each for each in idle if each in to_write or self._may_send(each, now))

    def _may_send(self, account: str, now: datetime) -> bool:
        """Tell whether an account may be given something now; its pace may say when instead."""
        if self._due[account] > now or account in self._set_aside or account in self._claimed:
            return False
        self._due[account] = self.pace.ready_at(account, now)
        return self._due[account] <= now

    async def _write_and_start(self, picked: Sequence[str], now: datetime) -> None:
        """Write what has ended in these accounts, and start what may start.

        An account's next delivery is marked together with the ending of its last one, or after.
        """
        ready = {each: self._due[each] for each in picked if self._may_send(each, now)}
        started: set[str] = set()
        self._busy.update(picked)
        try:
            for sending in await self._write(picked, ready, now):
                started.add(sending.account_id)
                self._start(sending)
            await self._look({each: ready[each] for each in ready if each not in started}, now)
        finally:
            self._busy.difference_update(set(picked) - started)

    async def _write(
        self, picked: Iterable[str], ready: Iterable[str], now: datetime
    ) -> list[Sending]:
        ended = {account: self._ended[account] for account in picked if account in self._ended}
        sessions = ((account, self._senders.session_number(account)) for account in ready)
        node = self._membership.node
        numbers = {account: number for account, number in sessions if number is not None}
        able = Able(node, numbers, self._current.settings.cluster.name)
        held: list[ChangedDelivery] = []
        try:
            with self._take_backs.taking() as taken:
                async with self._database.connection() as connection:
                    for accounts, at in taken:
                        await table.unmark(connection, node, accounts, at)
                        self._recent.taken_back(accounts)
                        held += await holds_table.hold(connection, accounts, now)
                    marked = await table.move_on(
                        connection, list(ended.values()), able, now, now + LEAD
                    )
        except BaseException:
            self._take_backs.add(list(able.sessions), now)  # it may have been marked all the same
            raise
        self._recent.written(ended.values(), marked, able)
        for account in ended:
            del self._ended[account]
        self._written.set()
        written = [ChangedDelivery(one.run_id, each, one.status) for each, one in ended.items()]
        self._changes.runs_changed(held + written)
        return marked

    async def _look(self, asked: Mapping[str, datetime], now: datetime) -> None:
        """Find out when accounts without anything due have something, and give up what is late.

        `asked` says since when each of them was thought to have something.
        """
        for account in (each for each in asked if not self._senders.is_ours(each)):
            self._due.pop(account, None)
        asked = {each: at for each, at in asked.items() if each in self._due}
        if not asked:
            return
        accounts = list(asked)
        away = {account for account in accounts if not self._senders.is_connected(account)}
        cut_off = [account for account in away if not self._senders.is_starting(account)]
        async with self._database.connection() as connection:
            # Not held yet: what was put back after its account or a freeze had changed.
            held = await holds_table.hold(connection, accounts, now)
            given_up = await table.give_up(connection, self._membership.node, cut_off, now)
            work = {entry.account_id: entry for entry in await table.work(connection, accounts)}
        self._changes.runs_changed(held + given_up)
        if held:
            self._holds.recheck(accounts)
        for account, due in asked.items():
            entry = work.get(account)
            if self._due.get(account) is not due:
                continue  # woken since: what we found may be old
            if entry and account in cut_off:  # connecting wakes it earlier
                self._due[account] = entry.give_up_at
            elif entry is None or account in away:  # it is woken by what becomes of it
                self._due.pop(account)
            else:
                again_at = now + timedelta(seconds=RETRY_SECONDS)
                self._due[account] = max(entry.due_at - LEAD, again_at)

    async def _sleep(self) -> None:
        await wait_first(self._clock.sleep_until(self.first_due()), self._woken.wait())

    # -- one message

    def _start(self, sending: Sending) -> None:
        self.pace.spend(sending.account_id, sending.started_at)
        send = self._tasks.create_task(self._send(sending))
        self._sends.add(send)
        send.add_done_callback(self._sends.discard)

    async def _send(self, sending: Sending) -> None:
        account = sending.account_id
        handed = await self._attacher.hand_over(self._senders.session(account), sending)
        await wait_until_due(self._clock, sending.started_at)
        if self._holds.is_frozen(account):  # since it was marked, ahead of its time
            self._take_backs.add([account], sending.started_at)
            self._busy.discard(account)
            self.work_for([account])
            return
        self._leaving[account] = cast("asyncio.Task[None]", asyncio.current_task())
        try:
            outcome = await self._outcome(sending, handed)
        finally:
            del self._leaving[account]
        settings, now = self._current.settings, self._clock.now()
        if trips_breaker(outcome):
            until = now + timedelta(seconds=settings.governor.hold_seconds)
            self.pace.bar(account, until)
            self._senders.restrict(account, until)
        ending = ending_of(sending, outcome, now, settings.delivery, self.pace.chance())
        log_ending(self._senders.label(account), sending, ending)
        self.progress.tried(account, ending.status, now)
        self._ended[account] = ending
        self._busy.discard(account)
        self._late.set()
        self._due[account] = now  # also where it is ours no longer: we alone know how it ended
        self._woken.set()

    async def let_leave(self, account: str | None) -> None:
        """Wait, but not for long, until what is leaving of an account (None: of any) has left."""
        leaving = [send for each, send in self._leaving.items() if account in {None, each}]
        if leaving:
            await asyncio.wait(leaving, timeout=FINISH_SECONDS)
        if self._has_others:
            await self._let_others(account)

    async def _let_others(self, account: str | None) -> None:
        """Wait, but not for long, until what other nodes are sending has left, and is written."""
        with suppress(TimeoutError):
            await within(FINISH_SECONDS, self._left_elsewhere(account))

    async def _left_elsewhere(self, account: str | None) -> None:
        while await self._is_leaving_elsewhere(account):  # noqa: ASYNC110 - PostgreSQL is asked
            await asyncio.sleep(LOOK_SECONDS)

    async def _is_leaving_elsewhere(self, account: str | None) -> bool:
        async with self._readers.connection() as connection:
            return await table.is_leaving_elsewhere(connection, self._membership.node, account)

    async def let_be_written(self, account: str) -> None:
        """Wait, but not for long, until what is leaving of an account has left, and is written."""
        await self.let_leave(account)
        with suppress(TimeoutError):
            async with asyncio.timeout(FINISH_SECONDS):
                while account in self._ended:
                    self._written.clear()
                    await self._written.wait()

    async def _outcome(self, sending: Sending, handed: Handed | None) -> Outcome:
        session = self._senders.session(sending.account_id)
        if session is None:
            return NotSent("not connected")
        if not self._membership.held.is_set():  # lost after this was marked, ahead of its time
            return NotSent("the account is another daemon's")
        if sending.left:
            return NotInGroup("the account has left it")
        return await attempt(session, sending, self._current.settings.mention_all, handed)
