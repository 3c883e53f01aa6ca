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
from typing import NoReturn

from waremind.daemon.delivery.attaching import Attacher, Handed
from waremind.daemon.delivery.departures import FINISH_SECONDS, Departures
from waremind.daemon.delivery.holds import Holds
from waremind.daemon.delivery.lead_time import LEAD, wait_until_due
from waremind.daemon.delivery.outcomes import attempt, ending_of, log_ending, trips_breaker
from waremind.daemon.delivery.overdue import Progress
from waremind.daemon.delivery.pace import Pace, SendingAccounts
from waremind.daemon.delivery.take_backs import TakeBacks
from waremind.daemon.delivery.taking_over import TakingOver
from waremind.daemon.system.changes import Subscriber
from waremind.daemon.system.logs import event
from waremind.daemon.system.runtime import Runtime
from waremind.daemon.system.tasks import run_forever, wait_first
from waremind.errors import WaremindError
from waremind.store import deliveries as table
from waremind.store import holds as holds_table
from waremind.store.accounts import AccountRow
from waremind.store.deliveries import Able, ChangedDelivery
from waremind.store.sending import Sending
from waremind.whatsapp.reports import NotInGroup, NotSent, Outcome

log = logging.getLogger(__name__)

RETRY_SECONDS = 0.5  # with a database that is away
LANES = 2  # while one waits for PostgreSQL, the messages of the other one leave
ROUND = 64  # accounts at most in one transaction of a lane: the next ones are for another
SUSPENDED = timedelta(seconds=10)  # so late no load makes a round: the machine has slept
LOOK_SECONDS = 0.05  # whether an account is at rest
REST_SECONDS = 10.0  # for what is leaving of an account that another node is to have


class Sender(Subscriber):
    """The one place where messages leave."""

    def __init__(self, runtime: Runtime, senders: SendingAccounts, holds: Holds) -> None:
        self._database = runtime.database
        self._membership = runtime.membership
        self._clock = runtime.clock
        self._failures = runtime.failures
        self._senders = senders
        self._current = runtime.current
        self._changes = runtime.changes
        self._recent = runtime.recent
        self._holds = holds
        self._attacher = Attacher(runtime.database, senders)
        self._tasks = asyncio.TaskGroup()
        self._sends: set[asyncio.Task[None]] = set()
        self.pace = Pace(runtime.current, senders)
        self.progress = Progress(self.pace)
        self._woken = asyncio.Event()
        self._due: dict[str, datetime] = {}  # when each account next has something to do
        self._busy: set[str] = set()  # accounts that are sending, or in the round of a lane
        self._take_backs = TakeBacks()
        self.departures = Departures(runtime)
        self._taking_over = TakingOver(runtime, holds, self.pace, self.progress)
        self._set_aside: set[str] = set()  # those that another node is about to have
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
        self._taking_over.add(rows, afresh=afresh)
        self._woken.set()

    def account_deleted(self, account: str) -> None:
        """Keep no pace of an account that is deleted."""
        self.pace.forget(account)

    def account_let_go(self, account: str) -> None:
        """Send nothing more of an account that another node has."""
        self.pace.forget(account)
        self._set_aside.discard(account)
        self._taking_over.forget(account)
        if account not in self.departures.ended:  # how that ended is written all the same
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
        return account in self._occupied or account in self.departures.ended

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
            late = set(self.departures.ended) - self._occupied
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
        if self.departures.ended or self._take_backs.waiting:
            try:
                async with asyncio.timeout(FINISH_SECONDS):
                    await self._write(list(self.departures.ended), {}, self._clock.now())
            except (WaremindError, TimeoutError) as error:
                event(log, "cannot write how sends ended", logging.WARNING, reason=repr(error))

    async def _round(self) -> bool:
        await self._membership.held.wait()
        await self._taking_over.finish()
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
        to_write = self.departures.ended.keys() | self._take_backs.waiting
        return (each for each in idle if each in to_write or self._may_send(each, now))

    def _may_send(self, account: str, now: datetime) -> bool:
        """Tell whether an account may be given something now; its pace may say when instead."""
        if self._due[account] > now or account in self._set_aside or account in self._taking_over:
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
        waiting = self.departures.ended
        ended = {account: waiting[account] for account in picked if account in waiting}
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
        self.departures.written(ended)
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
        handed = await self._attacher.hand_over(sending)
        await wait_until_due(self._clock, sending.started_at)
        if self._holds.is_frozen(account):  # since it was marked, ahead of its time
            self._take_backs.add([account], sending.started_at)
            self._busy.discard(account)
            self.work_for([account])
            return
        with self.departures.leaving(account):
            outcome = await self._outcome(sending, handed)
        settings, now = self._current.settings, self._clock.now()
        if trips_breaker(outcome):
            until = now + timedelta(seconds=settings.governor.hold_seconds)
            self.pace.bar(account, until)
            self._senders.restrict(account, until)
        ending = ending_of(sending, outcome, now, settings.delivery, self.pace.chance())
        log_ending(self._senders.label(account), sending, ending)
        self.progress.tried(account, ending.status, now)
        self.departures.ended[account] = ending
        self._busy.discard(account)
        self._late.set()
        self._due[account] = now  # also where it is ours no longer: we alone know how it ended
        self._woken.set()

    async def _outcome(self, sending: Sending, handed: Handed | None) -> Outcome:
        session = self._senders.session(sending.account_id)
        if session is None:
            return NotSent("not connected")
        if not self._membership.held.is_set():  # lost after this was marked, ahead of its time
            return NotSent("the account is another daemon's")
        if sending.left:
            return NotInGroup("the account has left it")
        return await attempt(session, sending, self._current.settings.mention_all, handed)
