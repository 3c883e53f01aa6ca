"""Counts receipts per delivery; one may come before its delivery is written as sent."""

import asyncio
import logging
from collections import defaultdict, deque
from collections.abc import Collection, Iterable
from functools import partial
from typing import NamedTuple

from waremind.daemon.system.changes import Subscriber
from waremind.daemon.system.logs import event
from waremind.daemon.system.runtime import Runtime
from waremind.daemon.system.tasks import run_forever
from waremind.errors import WaremindError
from waremind.store import receipts as table
from waremind.store.accounts import AccountRow
from waremind.store.deliveries import ChangedDelivery
from waremind.store.receipts import ReceiptRow
from waremind.whatsapp.reports import Receipt

log = logging.getLogger(__name__)

RETRY_SECONDS = 1.0  # with a database that is away
FINISH_SECONDS = 2.0  # to write what was heard last when the daemon stops
GATHER_SECONDS = 0.1  # each alone they would take from sends the disk's time
BATCH = 500
# So many wait at most while PostgreSQL is away: then the oldest are never counted.
WAITING_AT_MOST = 50_000
# Receipts of messages that others sent from the account fit nothing, and are forgotten in time.
# Those of one message to the largest group, two devices each, may all come before its ack.
EARLY_AT_MOST = 4096
OFFERED_AGAIN = 2


class Heard(NamedTuple):
    """A receipt, and how often it is still offered if it fits no delivery yet."""

    receipt: ReceiptRow
    offers: int


class Receipts(Subscriber):
    """Stores who has got and who has read what: many together, as one message makes many."""

    def __init__(self, runtime: Runtime) -> None:
        self._database = runtime.database
        self._failures = runtime.failures
        self._waiting = deque[Heard](maxlen=WAITING_AT_MOST)
        self._early: defaultdict[str, deque[Heard]] = defaultdict(
            partial(deque[Heard], maxlen=EARLY_AT_MOST)
        )
        # During the round: the accounts of which a message was written, and those deleted.
        self._sent: set[str] = set()
        self._gone: set[str] = set()
        self._woken = asyncio.Event()

    def hear(self, row: AccountRow, report: Receipt) -> None:
        """Take a receipt, which is written in a moment, or when its message is."""
        receipt = ReceiptRow(
            account=row.id,
            message_ids=report.message_ids,
            participant=report.participant,
            at=report.at,
            read=report.kind == "read",
        )
        self._offer([Heard(receipt, OFFERED_AGAIN)])

    def _offer(self, heard: Iterable[Heard]) -> None:
        self._waiting.extend(heard)
        self._woken.set()

    def runs_changed(self, deliveries: Collection[ChangedDelivery]) -> None:
        """Offer the early ones of accounts of which a message is written as sent: they may fit."""
        for account in {each.account_id for each in deliveries if each.status == "sent"}:
            self._sent.add(account)
            if early := self._early.pop(account, None):
                self._offer(early)

    def account_deleted(self, account: str) -> None:
        """Keep nothing of an account that is deleted."""
        self._gone.add(account)
        self._early.pop(account, None)
        others = [heard for heard in self._waiting if heard.receipt.account != account]
        self._waiting = deque(others, maxlen=WAITING_AT_MOST)

    async def run(self) -> None:
        """Write what is heard, for ever."""
        await run_forever(
            self._failures,
            "store receipts",
            self._round,
            self._sleep,
            patience_seconds=RETRY_SECONDS,
        )

    async def finish(self) -> None:
        """Write what was heard last."""
        try:
            async with asyncio.timeout(FINISH_SECONDS):
                while self._waiting:
                    await self._round()
        except (WaremindError, TimeoutError) as error:
            event(log, "cannot write the last receipts", logging.WARNING, reason=repr(error))

    async def _round(self) -> bool:
        self._woken.clear()
        self._sent.clear()
        self._gone.clear()
        if not self._waiting:
            return False
        taken = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
        try:
            async with self._database.connection() as connection:
                known = await table.note(connection, [heard.receipt for heard in taken])
        except BaseException:
            self._waiting.extendleft(reversed(taken))
            raise
        for number, (receipt, offers) in enumerate(taken):
            if number not in known and offers:
                self._keep(Heard(receipt, offers - 1))
        if self._waiting:
            self._woken.set()
        return len(self._waiting) >= BATCH

    def _keep(self, early: Heard) -> None:
        """Keep a receipt until its message is written, which may have happened meanwhile."""
        if early.receipt.account in self._sent:
            self._offer([early])
        elif early.receipt.account not in self._gone:
            self._early[early.receipt.account].append(early)

    async def _sleep(self) -> None:
        await self._woken.wait()
        await asyncio.sleep(GATHER_SECONDS)
