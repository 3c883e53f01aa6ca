"""Finds out what others have left to be done of accounts that have become ours."""

import asyncio
from collections.abc import Collection, Sequence
from datetime import datetime

from waremind.daemon.delivery.holds import Holds
from waremind.daemon.delivery.overdue import Progress
from waremind.daemon.delivery.pace import Pace
from waremind.daemon.system.runtime import Runtime
from waremind.store import deliveries
from waremind.store.accounts import AccountRow


class TakingOver:
    """The accounts that were claimed, until their pace is known and what came late is judged."""

    def __init__(self, runtime: Runtime, holds: Holds, pace: Pace, progress: Progress) -> None:
        self._database = runtime.database
        self._clock = runtime.clock
        self._changes = runtime.changes
        self._holds = holds
        self._pace = pace
        self._progress = progress
        self._claimed: dict[str, str] = {}  # and why what is late of an account is so
        self._lock = asyncio.Lock()

    def __contains__(self, account: str) -> bool:
        """Tell whether nothing of an account may be sent yet."""
        return account in self._claimed

    def add(self, rows: Collection[AccountRow], *, afresh: bool) -> None:
        """Hear of accounts that are ours from now on; `afresh`: as the daemon has started."""
        self._claimed |= {row.id: "down" if afresh else "late" for row in rows}

    def forget(self, account: str) -> None:
        """Find nothing out of an account that another node has."""
        self._claimed.pop(account, None)

    async def finish(self) -> None:
        """Find it out of all of them, and tell which have something to send."""
        async with self._lock:
            while self._claimed:
                reason = next(iter(self._claimed.values()))
                claimed = [each for each, why in self._claimed.items() if why == reason]
                await self._take_over(claimed, reason, self._clock.now())
                for account in claimed:
                    self.forget(account)

    async def _take_over(self, accounts: Sequence[str], reason: str, now: datetime) -> None:
        await self._holds.read_freezes()
        await self._holds.judge_late(accounts, reason)
        async with self._database.connection() as connection:
            sent = await deliveries.started(connection, accounts, now - self._pace.memory())
            self._pace.replay(accounts, sent)
            self._progress.begin({account for account, _ in sent}, now)
            work = await deliveries.work(connection, accounts)
        self._changes.work_for([each.account_id for each in work])
