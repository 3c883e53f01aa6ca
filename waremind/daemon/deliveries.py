"""Sends what is due: one message at a time in each account, the writes batched across accounts.

`sending` is written before a send starts; what nobody can know afterwards is called `unknown`.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from waremind.daemon.futures import first_of, steadily
from waremind.daemon.ground import Ground
from waremind.daemon.logs import event
from waremind.daemon.outcomes import ending_of, trips_breaker
from waremind.daemon.pace import Pace
from waremind.daemon.senders import Senders
from waremind.store import deliveries as table
from waremind.store.deliveries import Ending, Sending
from waremind.whatsapp.gateway import Message
from waremind.whatsapp.reports import NotSent, Outcome, SendUnknown

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 0.5  # with a database that is away


class Deliveries:
    """The one place where messages leave; `written` is called when endings are written."""

    def __init__(self, ground: Ground, senders: Senders, written: Callable[[], None]) -> None:
        self._database = ground.database
        self._lock = ground.lock
        self._clock = ground.clock
        self._senders = senders
        self._current = ground.current
        self._written = written
        self._tasks = asyncio.TaskGroup()
        self._pace = Pace(ground.current, senders)
        self._recovered = False
        self._woken = asyncio.Event()
        self._due: dict[str, datetime] = {}  # when each account next has something to do
        self._sending: set[str] = set()
        self._ended: list[Ending] = []
        self._waiting: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)

    def wake(self, accounts: Iterable[str] = ()) -> None:
        """Look again: these accounts have something to send, or may send again."""
        now = self._clock.now()
        for account in accounts:
            self._due[account] = now
        self._woken.set()

    async def wait_ended(self, run: str) -> None:
        """Return when nothing of a run is scheduled or being sent any more."""
        while True:
            changed = self._waiting[run]
            async with self._database.connection() as connection:
                if not await table.is_open(connection, run):
                    self._waiting.pop(run, None)
                    return
            await changed.wait()

    def settle(self, runs: Iterable[str]) -> None:
        """Tell who waits for runs that something of them has changed."""
        for run in runs:
            if changed := self._waiting.pop(run, None):
                changed.set()

    def recheck(self) -> None:
        """Let all who wait for runs look again: an account or a freeze has changed something."""
        self.settle(list(self._waiting))

    async def run(self) -> None:
        """Find out what an earlier daemon left, then send for ever."""
        async with self._tasks:
            await steadily(self._turn, patience_seconds=PATIENCE_SECONDS)

    async def _turn(self) -> None:
        await self._lock.held.wait()
        if not self._recovered:
            await self._recover()
            self._recovered = True
        self._woken.clear()
        if not await self._round():
            await self._sleep()

    async def _recover(self) -> None:
        async with self._database.connection() as connection:
            lost = await table.lose_track(connection, self._clock.now())
            work = await table.work(connection)
        if lost:
            event(log, "outcome unknown", logging.WARNING, deliveries=lost)
        self.wake(entry.account_id for entry in work)

    async def _round(self) -> bool:
        """Write what has ended, and start what may start; False when there was nothing to do."""
        now = self._clock.now()
        ready = [account for account in self._due if self._is_ready(account, now)]
        ended, self._ended = self._ended, []
        if not (ready or ended):
            return False
        able = [account for account in ready if self._senders.is_connected(account)]
        try:
            async with self._database.transaction() as connection:
                if ended:
                    await table.end(connection, ended)
                marked = await table.mark_sending(connection, able, now) if able else []
        except BaseException:
            self._ended = ended + self._ended  # kept until PostgreSQL has taken it
            raise
        if ended:
            self.settle(ending.run_id for ending in ended)
            self._written()
        for sending in marked:
            self._start(sending, now)
        started = {sending.account_id for sending in marked}
        await self._look([account for account in ready if account not in started], now)
        return True

    def _is_ready(self, account: str, now: datetime) -> bool:
        """Tell whether an account may be given something now; its pace may say when instead."""
        if account in self._sending or self._due[account] > now or not self._lock.held.is_set():
            return False
        self._due[account] = self._pace.ready_at(account, now)
        return self._due[account] <= now

    async def _look(self, accounts: Sequence[str], now: datetime) -> None:
        """Find out when accounts without anything due have something, and give up what is late."""
        if not accounts:
            return
        cut_off = [account for account in accounts if not self._senders.is_connected(account)]
        async with self._database.connection() as connection:
            self.settle(await table.give_up(connection, cut_off, now))
            work = {entry.account_id: entry for entry in await table.work(connection, accounts)}
        for account in accounts:
            entry = work.get(account)
            if entry is None:
                self._due.pop(account, None)
            elif account in cut_off:  # connecting wakes it earlier
                self._due[account] = entry.give_up_at
            else:
                self._due[account] = max(entry.due_at, now + timedelta(seconds=PATIENCE_SECONDS))

    async def _sleep(self) -> None:
        waiting = [at for account, at in self._due.items() if account not in self._sending]
        due_at = min(waiting, default=None)
        await first_of(self._clock.sleep_until(due_at), self._woken.wait())

    # -- one message

    def _start(self, sending: Sending, now: datetime) -> None:
        self._sending.add(sending.account_id)
        self._pace.spend(sending.account_id, now)
        self._tasks.create_task(self._send(sending))

    async def _send(self, sending: Sending) -> None:
        account = sending.account_id
        outcome = await self._outcome(sending)
        if trips_breaker(outcome):
            hold = timedelta(seconds=self._current.settings.governor.hold_seconds)
            until = self._clock.now() + hold
            self._pace.bar(account, until)
            self._senders.restrict(account, until)
        settings, now = self._current.settings.delivery, self._clock.now()
        ending = ending_of(sending, outcome, now, settings, self._pace.chance())
        event(
            log,
            "delivery ended",
            account=account,
            run=sending.run_id,
            group=sending.jid,
            status=ending.status,
            reason=ending.reason or "",
        )
        self._ended.append(ending)
        self._sending.discard(account)
        self.wake([account])

    async def _outcome(self, sending: Sending) -> Outcome:
        session = self._senders.session(sending.account_id)
        if session is None:
            return NotSent("not connected")
        message = Message(sending.jid, sending.text, tuple(sending.members))
        try:
            return await session.send(message)
        except Exception as error:
            log.exception("a bug", extra={"fields": {"run": sending.run_id}})
            return SendUnknown(f"the send ended in {type(error).__name__}")
