"""Deletes for everyone what operators have revoked: one message at a time in each account.

A mark is written before a deletion starts. What nobody can know afterwards is said to be
`interrupted`: a person may ask again, as deleting twice hurts nobody. No freeze holds it, it goes
ahead of what is to be sent, and it costs what a message costs.
"""

import asyncio
import contextlib
import logging
from collections.abc import Collection, Generator
from datetime import datetime, timedelta

from waremind.daemon.delivery.departures import FINISH_SECONDS
from waremind.daemon.delivery.outcomes import trips_breaker
from waremind.daemon.delivery.pace import SendingAccounts
from waremind.daemon.delivery.sender import Sender
from waremind.daemon.system.changes import Subscriber
from waremind.daemon.system.logs import event
from waremind.daemon.system.runtime import Runtime
from waremind.daemon.system.tasks import run_forever, wait_first
from waremind.errors import WaremindError
from waremind.store import revocations as table
from waremind.store.accounts import AccountRow
from waremind.store.database import Connection
from waremind.store.deliveries import ChangedDelivery
from waremind.store.revocations import Revocation, Revoking
from waremind.whatsapp.reports import (
    LONGEST_DETAIL,
    AdminsOnly,
    NotInGroup,
    NotSent,
    Outcome,
    SendRefused,
    SendUnknown,
    Sent,
)

log = logging.getLogger(__name__)

RETRY_SECONDS = 1.0  # with a database that is away
TRY_AGAIN_AFTER = timedelta(seconds=2)  # what certainly did not leave
FOR_EVER = timedelta(days=365)


class Revoker(Subscriber):
    """The one place where messages are deleted."""

    def __init__(self, runtime: Runtime, senders: SendingAccounts, sender: Sender) -> None:
        self._database = runtime.database
        self._membership = runtime.membership
        self._clock = runtime.clock
        self._failures = runtime.failures
        self._changes = runtime.changes
        self._current = runtime.current
        self._senders = senders
        self._sender = sender
        self._tasks = asyncio.TaskGroup()
        self._woken = asyncio.Event()
        self._wanting: set[str] = set()  # accounts that have something to delete
        self._busy: set[str] = set()  # those that are deleting, or of which the end is not written
        self._not_before: dict[str, datetime] = {}  # what did not leave is tried again
        self._ended: list[Revocation] = []  # until PostgreSQL has taken it
        self._claimed: set[str] = set()  # accounts in which others may have begun something
        self._set_aside: set[str] = set()  # those that another node is about to have

    def wanted(self, deliveries: Collection[ChangedDelivery]) -> None:
        """Hear what became of the deliveries of a run that an operator revokes."""
        self._changes.runs_changed(deliveries)
        self.want({each.account_id for each in deliveries if each.status == "revoking"})

    def want(self, accounts: Collection[str]) -> None:
        """Hear that these accounts have something to delete; another node's are not our concern."""
        self._wanting.update(filter(self._senders.is_ours, accounts))
        self._sender.pace.giving_way = frozenset(self._wanting)
        self._woken.set()

    def _done(self, accounts: Collection[str]) -> None:
        self._wanting.difference_update(accounts)
        self._sender.pace.giving_way = frozenset(self._wanting)
        self._changes.work_for(accounts)

    def account_changed(self, before: AccountRow, row: AccountRow) -> None:  # noqa: ARG002
        """Look whether an account may delete now, or can no longer."""
        if row.id in self._wanting:
            self._woken.set()

    def accounts_claimed(self, rows: Collection[AccountRow], *, afresh: bool) -> None:  # noqa: ARG002
        """Find out what others have left to be done."""
        self._claimed.update(row.id for row in rows)
        self._woken.set()

    def account_deleted(self, account: str) -> None:
        """Keep nothing of an account that is deleted."""
        self._not_before.pop(account, None)
        self._done([account])

    def account_let_go(self, account: str) -> None:
        """Keep nothing of an account that another node has."""
        self._set_aside.discard(account)
        self._claimed.discard(account)
        self.account_deleted(account)

    @contextlib.contextmanager
    def at_rest(self, account: str) -> Generator[bool]:
        """Begin to delete nothing of an account; tells whether nothing is being deleted."""
        self._set_aside.add(account)
        try:
            yield account not in self._busy
        finally:
            self._set_aside.discard(account)
            self._woken.set()

    async def run(self) -> None:
        """Delete until cancelled; what is being deleted then may still end."""
        async with self._tasks:
            try:
                await run_forever(
                    self._failures,
                    "revoke messages",
                    self._round,
                    self._sleep,
                    patience_seconds=RETRY_SECONDS,
                )
            finally:
                await self._finish()

    async def _finish(self) -> None:
        try:
            async with asyncio.timeout(FINISH_SECONDS):
                while self._busy:
                    self._woken.clear()
                    async with self._database.connection() as connection:
                        await self._write_ended(connection)
                    if self._busy:
                        await self._woken.wait()
        except (WaremindError, TimeoutError) as error:
            event(log, "cannot write how deletions ended", logging.WARNING, reason=repr(error))

    async def _round(self) -> bool:
        """Write what has ended, and begin what may begin; False when there is no more to do."""
        await self._membership.held.wait()
        self._woken.clear()
        now = self._clock.now()
        idle = [each for each in self._wanting if each not in self._busy | self._set_aside]
        able = [each for each in idle if self._ready_at(each, now) <= now]
        async with self._database.connection() as connection:
            await self._take_over(connection)
            await self._write_ended(connection)
            given_up = await table.give_up(connection, idle, now)
            marked = await table.mark(connection, self._membership.node, able, now)
        self._changes.runs_changed(given_up)
        self._done(set(able) - {each.account_id for each in marked})
        for revoking in marked:
            self._busy.add(revoking.account_id)
            self._sender.pace.spend(revoking.account_id, now)
            self._tasks.create_task(self._revoke(revoking))
        return bool(marked)

    async def _take_over(self, connection: Connection) -> None:
        """Find out what others have left of accounts that have become ours."""
        if claimed := self._claimed - self._busy:
            lost = await table.lose_track(connection, list(claimed))
            self.want(await table.accounts_wanting(connection, list(claimed)))
            self._claimed -= claimed
            self._changes.runs_changed(lost)

    async def _write_ended(self, connection: Connection) -> None:
        if ended := list(self._ended):
            await table.end(connection, ended)
            del self._ended[: len(ended)]
            self._busy.difference_update(each.account_id for each in ended)
            self._changes.runs_changed(
                [ChangedDelivery(each.run_id, each.account_id, each.status) for each in ended]
            )

    def _ready_at(self, account: str, now: datetime) -> datetime:
        """Say when an account may delete next; one that is not connected wakes us when it is."""
        if not self._senders.is_connected(account):
            return now + FOR_EVER
        not_before = self._not_before.get(account, now)
        return max(not_before, self._sender.pace.ready_to_delete_at(account, now))

    async def _sleep(self) -> None:
        now = self._clock.now()
        waits = [self._ready_at(each, now) for each in self._wanting - self._busy - self._set_aside]
        await wait_first(self._clock.sleep_until(min(waits, default=None)), self._woken.wait())

    async def _revoke(self, revoking: Revoking) -> None:
        account, outcome = revoking.account_id, await self._outcome(revoking)
        now = self._clock.now()
        if trips_breaker(outcome):
            until = now + timedelta(seconds=self._current.settings.governor.hold_seconds)
            self._sender.pace.bar(account, until)
            self._senders.restrict(account, until)
        ended = revocation_of(revoking, outcome)
        if ended.status == "revoking":
            self._not_before[account] = now + TRY_AGAIN_AFTER
        self._sender.progress.tried(account, ended.status, now)
        _log(self._senders.label(account), revoking, ended)
        self._ended.append(ended)
        self._woken.set()

    async def _outcome(self, revoking: Revoking) -> Outcome:
        session = self._senders.session(revoking.account_id)
        if session is None:
            return NotSent("not connected")
        try:
            return await session.revoke(revoking.jid, revoking.message_id)
        except Exception as error:
            log.exception("a bug", extra={"fields": {"run": revoking.run_id}})
            return SendUnknown(f"the deletion ended in {type(error).__name__}")


def revocation_of(revoking: Revoking, outcome: Outcome) -> Revocation:
    """Say how an attempt to delete ended; only what certainly did not leave is tried again."""
    match outcome:
        case Sent():
            status, reason, detail = "revoked", None, ""
        case NotSent():
            status, reason, detail = "revoking", None, ""
        case NotInGroup():
            status, reason, detail = "sent", "group_left", outcome.detail
        case AdminsOnly():
            status, reason, detail = "sent", "announce_only", outcome.detail
        case SendRefused():
            status, reason, detail = "sent", f"refused_{outcome.code}", outcome.detail
        case SendUnknown():
            status, reason, detail = "sent", "interrupted", outcome.detail
    return Revocation(
        run_id=revoking.run_id,
        group_id=revoking.group_id,
        account_id=revoking.account_id,
        status=status,
        revoke_reason=reason,
        detail=detail[:LONGEST_DETAIL],
    )


def _log(account: str, revoking: Revoking, ended: Revocation) -> None:
    event(
        log,
        "revocation ended",
        account=account,
        run=revoking.run_id,
        group=revoking.jid,
        status=ended.status,
        reason=ended.revoke_reason or "",
    )
