"""Counts receipts per delivery; one may come before its delivery is written as sent."""

import asyncio
from collections import deque

from waremind.daemon.futures import steadily
from waremind.store import receipts as table
from waremind.store.accounts import AccountRow
from waremind.store.database import Database
from waremind.store.receipts import ReceiptRow
from waremind.whatsapp.reports import Receipt

PATIENCE_SECONDS = 1.0  # with a database that is away
# Receipts of messages that others sent from the account fit nothing, and are forgotten in time.
EARLY_AT_MOST = 4096
ATTEMPTS = 3


class Receipts:
    """Stores who has got and who has read what."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._early: deque[tuple[ReceiptRow, int]] = deque(maxlen=EARLY_AT_MOST)
        self._written = asyncio.Event()

    async def hear(self, row: AccountRow, report: Receipt) -> None:
        """Store a receipt, or keep it until its message is written."""
        receipt = ReceiptRow(
            account=row.id,
            message_ids=report.message_ids,
            participant=report.participant,
            at=report.at,
            read=report.kind == "read",
        )
        await self._note(receipt, ATTEMPTS)

    def written(self) -> None:
        """Take note that deliveries were written as sent."""
        if self._early:
            self._written.set()

    async def run(self) -> None:
        """Offer the early ones again whenever something was written, for ever."""
        await steadily(self._round, patience_seconds=PATIENCE_SECONDS)

    async def _round(self) -> None:
        await self._written.wait()
        self._written.clear()
        for _ in range(len(self._early)):
            receipt, attempts = self._early.popleft()
            await self._note(receipt, attempts - 1)

    async def _note(self, receipt: ReceiptRow, attempts: int) -> None:
        async with self._database.connection() as connection:
            known = await table.note(connection, receipt)
        if not known and attempts > 0:
            self._early.append((receipt, attempts))
