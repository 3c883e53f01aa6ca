"""Counts receipts per delivery; one may come before its delivery is written as sent."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Collection
from functools import partial
from typing import NamedTuple

from waremind.daemon.system.changes import Subscriber
from waremind.daemon.system.runtime import Runtime
from waremind.daemon.system.tasks import run_forever
from waremind.store import receipts as table
from waremind.store.accounts import AccountRow
from waremind.store.deliveries import ChangedDelivery
from waremind.store.receipts import ReceiptRow
from waremind.whatsapp.reports import Receipt

PATIENCE_SECONDS = 1.0  # with a database that is away
# Receipts of messages that others sent from the account fit nothing, and are forgotten in time.
EARLY_AT_MOST = 256
OFFERED_AGAIN = 2


class Early(NamedTuple):
    """A receipt that fits no delivery yet, and how often it is still offered."""

    receipt: ReceiptRow
    offers: int


class Receipts(Subscriber):
    """Stores who has got and who has read what."""

    def __init__(self, runtime: Runtime) -> None:
        self._database = runtime.database
        self._failures = runtime.failures
        self._early: defaultdict[str, deque[Early]] = defaultdict(
            partial(deque[Early], maxlen=EARLY_AT_MOST)
        )
        self._due: deque[Early] = deque()
        self._woken = asyncio.Event()

    async def hear(self, row: AccountRow, report: Receipt) -> None:
        """Store a receipt, or keep it until its message is written."""
        receipt = ReceiptRow(
            account=row.id,
            message_ids=report.message_ids,
            participant=report.participant,
            at=report.at,
            read=report.kind == "read",
        )
        await self._note(Early(receipt, OFFERED_AGAIN))

    def runs_changed(self, deliveries: Collection[ChangedDelivery]) -> None:
        """Offer the early ones of accounts of which a message is written as sent: they may fit."""
        for delivery in deliveries:
            if delivery.status == "sent":
                self._due.extend(self._early.pop(delivery.account_id, ()))
        if self._due:
            self._woken.set()

    def account_deleted(self, account: str) -> None:
        """Keep nothing of an account that is deleted."""
        self._early.pop(account, None)

    async def run(self) -> None:
        """Offer the early ones again, for ever."""
        await run_forever(
            self._failures,
            "store early receipts",
            self._round,
            self._sleep,
            patience_seconds=PATIENCE_SECONDS,
        )

    async def _round(self) -> bool:
        self._woken.clear()
        if not self._due:
            return False
        receipt, offers = self._due[0]
        await self._note(Early(receipt, offers - 1))
        self._due.popleft()
        return True

    async def _sleep(self) -> None:
        await self._woken.wait()

    async def _note(self, early: Early) -> None:
        async with self._database.connection() as connection:
            known = await table.note(connection, early.receipt)
        if not known and early.offers:
            self._early[early.receipt.account].append(early)
