"""What is held, and when it is released: by a thaw, or when its account may send again."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from waremind.daemon.system import audit
from waremind.daemon.system.changes import Subscriber
from waremind.daemon.system.logs import event
from waremind.daemon.system.runtime import Runtime
from waremind.daemon.system.tasks import run_forever, wait_first
from waremind.domain.lifecycle import State
from waremind.domain.misfire import Misfire, judge
from waremind.domain.planned import Planned
from waremind.domain.recurrence import Occurrence
from waremind.objects import Operator
from waremind.store import holds as table
from waremind.store.accounts import AccountRow
from waremind.store.database import Connection
from waremind.store.deliveries import ChangedDelivery
from waremind.store.holds import FreezeRow, HeldRun

log = logging.getLogger(__name__)

RETRY_SECONDS = 1.0  # with a database that is away

# Why deliveries are held until their account may send again by itself.
BREAKERS = ("unpaired", "banned", "restricted")
FREEZE = ("frozen",)


class Released(NamedTuple):
    """What became of held runs: those that are sent after all, and the deliveries of all."""

    runs: list[HeldRun]
    deliveries: list[ChangedDelivery]


class Holds(Subscriber):
    """Freezes and releases."""

    def __init__(self, runtime: Runtime) -> None:
        self._database = runtime.database
        self._clock = runtime.clock
        self._changes = runtime.changes
        self._failures = runtime.failures
        self._open_at: dict[str, datetime] = {}  # when each account may send again
        self._to_recheck: set[str] = set()  # of which something was held a moment ago
        self._woken = asyncio.Event()
        self._freezes: dict[str | None, FreezeRow] = {}
        self._reading = asyncio.Lock()

    async def read_freezes(self) -> None:
        """Read what is frozen."""
        async with self._reading, self._database.connection() as connection:  # the last one counts
            rows = await table.select_freezes(connection)
            self._freezes = {row.account_id: row for row in rows}

    def freeze_of(self, account: str | None) -> FreezeRow | None:
        """Find the freeze of an account, or (None) of everything."""
        return self._freezes.get(account)

    def is_frozen(self, account: str) -> bool:
        """Tell whether a freeze lets nothing of an account leave."""
        return None in self._freezes or account in self._freezes

    def account_changed(self, before: AccountRow, row: AccountRow) -> None:
        """Release what is held of an account that is connected, or when it may send again."""
        is_restricted_anew = row.restricted_until != before.restricted_until
        if row.state is State.CONNECTED and (before.state is not row.state or is_restricted_anew):
            now = self._clock.now()
            self._open_at[row.id] = max(row.restricted_until or now, now)
            self._woken.set()

    def account_deleted(self, account: str) -> None:
        """Keep no freeze of an account that is deleted."""
        self._freezes.pop(account, None)

    def account_let_go(self, account: str) -> None:
        """Release nothing of an account that another node has."""
        self._open_at.pop(account, None)
        self._to_recheck.discard(account)

    def recheck(self, accounts: Iterable[str]) -> None:
        """Release what was claimed as held while that which held it came to its end."""
        self._to_recheck.update(accounts)
        self._woken.set()

    async def run(self) -> None:
        """Release in time, for ever."""
        await run_forever(
            self._failures,
            "release what is held",
            self._round,
            self._sleep,
            patience_seconds=RETRY_SECONDS,
        )

    async def _round(self) -> bool:
        self._woken.clear()
        now = self._clock.now()
        await self._recheck()
        for account in [account for account, at in self._open_at.items() if at <= now]:
            await self._release([account], BREAKERS)
            if self._open_at.get(account, now) <= now:  # not set anew meanwhile
                self._open_at.pop(account, None)
        return False

    async def _sleep(self) -> None:
        first = min(self._open_at.values(), default=None)
        await wait_first(self._clock.sleep_until(first), self._woken.wait())

    async def _recheck(self) -> None:
        accounts, self._to_recheck = self._to_recheck, set()
        try:
            if accounts and (free := await self._releasable(accounts)):
                await self._release(free, BREAKERS)
        except BaseException:
            self._to_recheck |= accounts
            raise

    async def _releasable(self, accounts: Iterable[str]) -> list[str]:
        """Find those that no breaker holds: whoever is held for long has many runs to look at."""
        async with self._database.connection() as connection:
            return await table.free(connection, list(accounts), BREAKERS, self._clock.now())

    async def _release(self, accounts: Sequence[str], reasons: Sequence[str]) -> None:
        """Judge what is held of accounts for one of `reasons` and that nothing holds any more."""
        async with self._database.transaction() as connection:
            released = await _judge(connection, accounts, reasons, None, self._clock.now())
        self._tell(released)

    async def judge_late(self, accounts: Sequence[str], reason: str) -> None:
        """Judge what of accounts was kept from being sent for longer than its grace, and why."""
        now = self._clock.now()
        released = Released([], [])
        async with self._database.transaction() as connection:
            if await table.hold_late(connection, accounts, reason, now):
                released = await _judge(connection, accounts, [reason], None, now)
        self._tell(released)

    def _tell(self, released: Released) -> None:
        self._changes.work_for({run.account_id for run in released.runs})
        self._changes.runs_changed(released.deliveries)

    async def freeze(
        self, account: AccountRow | None, operator: Operator, reason: str | None
    ) -> bool:
        """Stop every outgoing message, of an account or (None) of all; False when it is so."""
        now = self._clock.now()
        row = FreezeRow(account and account.id, now, operator.name or str(operator.uid), reason)
        held: list[ChangedDelivery] = []
        async with self._database.transaction() as connection:
            changed = await table.freeze(connection, row)
            if changed:
                held = await table.hold(connection, [account.id] if account else None, now)
                target = _target(account)
                await audit.write(connection, now, operator, "freeze", target, reason=reason)
        await self.read_freezes()
        if changed:
            event(log, "frozen", logging.WARNING, account=_label(account), by=row.operator)
        self._changes.runs_changed(held)
        return changed

    async def thaw(self, account: AccountRow | None, operator: Operator, held: str) -> int | None:
        """End a freeze; returns how many held runs are sent after all, None: nothing was frozen."""
        released = await self._thaw(account, operator, held)
        await self.read_freezes()
        if released is None:
            return None
        count = len(released.runs)
        event(log, "thawed", logging.WARNING, account=_label(account), released=count)
        self._tell(released)
        return count

    async def _thaw(
        self, account: AccountRow | None, operator: Operator, held: str
    ) -> Released | None:
        now = self._clock.now()
        accounts = [account.id] if account else None
        async with self._database.transaction() as connection:
            await table.wait_for_claims(connection)
            # What was claimed while the freeze was being written is held like the rest.
            await table.hold(connection, accounts, now)
            if not await table.thaw(connection, account and account.id):
                return None
            await audit.write(connection, now, operator, "thaw", _target(account), held=held)
            return await _judge(connection, accounts, FREEZE, held, now)


async def _judge(
    connection: Connection,
    accounts: Sequence[str] | None,
    reasons: Sequence[str],
    misfire: str | None,
    now: datetime,
) -> Released:
    """Judge what is held for one of `reasons` and that nothing holds any more.

    By grace and each reminder's misfire rule, or by `misfire` where one is given.
    """
    held = await table.select_held(connection, accounts, reasons, now)
    sent = [run for runs in _by_reminder(held) for run in _sent(runs, misfire, now)]
    chosen = {run.run_id for run in sent}
    given_up = [run.run_id for run in held if run.run_id not in chosen]
    give_up_at = now + timedelta(seconds=max((run.grace_seconds for run in sent), default=0))
    missed = await table.miss(connection, given_up, now)
    return Released(sent, missed + await table.release(connection, list(chosen), now, give_up_at))


def _label(account: AccountRow | None) -> str:
    return account.label if account else "all"


def _target(account: AccountRow | None) -> tuple[str, str | None, str | None]:
    return ("account", account.id, account.label) if account else ("daemon", None, None)


def _by_reminder(held: Iterable[HeldRun]) -> list[list[HeldRun]]:
    """Group runs by their reminder; a message of `waremind send` stands by itself."""
    grouped: defaultdict[str, list[HeldRun]] = defaultdict(list)
    for run in held:
        grouped[run.reminder_id or run.run_id].append(run)
    return list(grouped.values())


def _sent(runs: Sequence[HeldRun], misfire: str | None, now: datetime) -> list[HeldRun]:
    """Choose which of a reminder's held runs are sent after all."""
    rule = Misfire(misfire or runs[-1].misfire)
    grace = timedelta(seconds=runs[-1].grace_seconds)
    naive = (
        Planned.of(Occurrence(run.occurs_at, run.occurs_at.replace(tzinfo=None))) for run in runs
    )
    judgement = judge(naive, now, grace=grace, misfire=rule)
    chosen = {occurrence.at for occurrence in judgement.sent}
    return [run for run in runs if run.occurs_at in chosen]
