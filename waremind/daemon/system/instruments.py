"""What is counted and measured while the daemon runs; at a restart it begins with nothing.

Nothing is measured where messages are sent: how they ended and how late they were is read from the
events, and their receipts from their table, whenever somebody asks for the metrics.
"""

import asyncio
from collections import OrderedDict
from contextlib import suppress
from datetime import datetime
from typing import NoReturn

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics

from waremind.daemon.system.event_feed import EventFeed
from waremind.errors import WaremindError
from waremind.store import measures
from waremind.store.database import Database

ENDS = ("sent", "failed", "unknown", "missed", "skipped", "held")
LATENESS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600)
RECEIPT = (1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 21600)
LAG = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5)
LOOK_SECONDS = 1.0  # at the event loop
MOST_PENDING = 10_000  # messages whose first receipt is looked for: the newest

disable_created_metrics()


class Instruments:
    """Counters and histograms, brought up to date when they are read."""

    def __init__(self, database: Database, feed: EventFeed) -> None:
        self.registry = CollectorRegistry()
        self._database = database
        self._feed = feed
        self._read_up_to: int | None = None  # None: what was before the daemon counts for nothing
        self._reading = asyncio.Lock()
        self._without_receipt: OrderedDict[tuple[str, str], datetime] = OrderedDict()
        self._ended = Counter(
            "waremind_deliveries",
            "Deliveries that came to this status since the daemon started.",
            ["status"],
            registry=self.registry,
        )
        for status in ENDS:
            self._ended.labels(status)
        self._lateness = _histogram(
            self.registry, "lateness", "From when a message was due until it left.", LATENESS
        )
        self._receipt = _histogram(
            self.registry, "receipt", "From a message's end until its first receipt.", RECEIPT
        )
        self._lag = _histogram(
            self.registry, "event_loop_lag", "How late the event loop came back.", LAG
        )

    async def run(self) -> NoReturn:
        """Count from now on, and measure how late the event loop comes back, for ever."""
        with suppress(WaremindError):  # else it counts from when it is first asked
            await self.catch_up()
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + LOOK_SECONDS
            await asyncio.sleep(LOOK_SECONDS)
            self._lag.observe(max(0.0, loop.time() - due))

    async def catch_up(self) -> None:
        """Count what has happened since the last time. Raises WaremindError."""
        async with self._reading:
            until = await self._feed.decided()
            if self._read_up_to is not None:
                await self._read(self._read_up_to, until)
            self._read_up_to = until
            await self._look_for_receipts()

    async def _read(self, after: int, until: int) -> None:
        types = [f"delivery.{status}" for status in ENDS]
        async for page in self._feed.pages(after, until, types):
            async with self._database.connection() as connection:
                left = await measures.left_late(connection, [event.id for event in page])
            for event in page:
                self._ended.labels(event.type.partition(".")[2]).inc()
            for message in left:
                self._lateness.observe(message.late_seconds)
                self._without_receipt[message.run_id, message.group_id] = message.finished_at
        while len(self._without_receipt) > MOST_PENDING:
            self._without_receipt.popitem(last=False)

    async def _look_for_receipts(self) -> None:
        async with self._database.connection() as connection:
            found = await measures.first_receipts(connection, list(self._without_receipt))
        for run, group, at in found:
            self._receipt.observe(
                max(0.0, (at - self._without_receipt.pop((run, group))).total_seconds())
            )


def _histogram(
    registry: CollectorRegistry, what: str, text: str, buckets: tuple[float, ...]
) -> Histogram:
    return Histogram(f"waremind_{what}_seconds", text, buckets=buckets, registry=registry)
