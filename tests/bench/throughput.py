"""Deliveries due at the same second over many accounts, against the bare SQL of such a queue."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
from fake_gateway import FakeGateway

from bench import stage
from bench.finding import Finding, Scale
from bench.reminders import Writing, write
from waremind.daemon.delivery.lead_time import LEAD
from waremind.whatsapp.gateway import Message
from waremind.whatsapp.reports import Outcome, Sent

BATCH = 100
# By how many groups a reminder has. One to one, a message has a run, and a reminder to move on, of
# its own: three rows for each one of the bare queue, and eleven indexes for its two.
TARGETS = {10: 0.25, 1: 0.1}
HEAD_START = timedelta(seconds=2)

BARE_SCHEMA = """
    CREATE TABLE bare_queue (id bigint PRIMARY KEY, due_at timestamptz, status text, body text);
    CREATE INDEX ON bare_queue (due_at) WHERE status = 'due';
    CREATE TABLE bare_log (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, queue_id bigint,
                           at timestamptz, outcome text)
"""
CLAIM = """
    UPDATE bare_queue q SET status = 'claimed' FROM (
        SELECT id FROM bare_queue WHERE status = 'due' AND due_at <= now()
        ORDER BY due_at LIMIT %s FOR UPDATE SKIP LOCKED) n
    WHERE q.id = n.id RETURNING q.id, q.body
"""
FINISH = "UPDATE bare_queue SET status = 'done' WHERE id = ANY (%s)"
LOG = "INSERT INTO bare_log (queue_id, at, outcome) SELECT unnest(%s::bigint[]), now(), 'sent'"


async def bare_rows_per_second(connection: psycopg.AsyncConnection, number: int) -> float:
    """Claim, finish and log rows in batches, each in one transaction, and do nothing else."""
    await connection.execute("DROP TABLE IF EXISTS bare_queue, bare_log")
    await connection.execute(BARE_SCHEMA)
    await connection.execute(
        "INSERT INTO bare_queue SELECT g, now(), 'due', 'Stand-up in 5 minutes'"
        " FROM generate_series(1, %s) g",
        [number],
    )
    await connection.execute("ANALYZE bare_queue")
    begun = time.perf_counter()
    while True:
        async with connection.transaction():
            claimed = await (await connection.execute(CLAIM, [BATCH])).fetchall()
            ids = [id_ for id_, _ in claimed]
            await connection.execute(FINISH, [ids])
            await connection.execute(LOG, [ids])
        if not claimed:
            return number / (time.perf_counter() - begun)


class Turnstile:
    """Answers sends at once, and counts them."""

    def __init__(self, number: int) -> None:
        self._left = number
        self.passed = asyncio.Event()

    def __call__(self, _message: Message) -> Outcome:
        self._left -= 1
        if self._left == 0:
            self.passed.set()
        return Sent(f"3EB0{self._left:016X}")


async def deliveries_per_second(
    state: Path, dsn: str, scale: Scale, groups: int, of_account: int
) -> float:
    """Let all be due at once; from when it may be claimed until the last row says sent."""
    async with await stage.connected(dsn) as connection:
        await connection.execute("TRUNCATE accounts CASCADE")
        accounts = await stage.paired_accounts(connection, scale.accounts)
        gateway: FakeGateway = stage.fake_gateway(state, accounts, groups=10)
        turnstile = gateway.whatsapp.answer = Turnstile(scale.deliveries)
        async with stage.engine(state, dsn, gateway) as engine:
            due = datetime.now(UTC).replace(microsecond=0) + HEAD_START
            await write(connection, Writing(accounts, of_account, groups, due))
            engine.daemon.scheduler.wake()
            await turnstile.passed.wait()
            while await _unsent(connection):
                pass
            begun = due - LEAD
            return scale.deliveries / (datetime.now(UTC) - begun).total_seconds()


async def _unsent(connection: psycopg.AsyncConnection) -> bool:
    found = await connection.execute("SELECT 1 FROM deliveries WHERE status <> 'sent' LIMIT 1")
    return found.rowcount > 0


async def measure(scale: Scale) -> AsyncIterator[Finding]:
    """Compare both, in the same run on the same server; of several tries, give the middle one."""
    with stage.directory() as state, stage.logging_to(state / "log"):
        async with stage.postgres(state) as dsn:
            for groups in TARGETS:
                tries = [await _compared(state, dsn, scale, groups) for _ in range(scale.tries)]
                yield sorted(tries, key=lambda finding: finding.ratio)[scale.tries // 2]


async def _compared(state: Path, dsn: str, scale: Scale, groups: int) -> Finding:
    of_account = scale.deliveries // scale.accounts // groups
    async with await stage.connected(dsn) as connection:
        before = await bare_rows_per_second(connection, scale.deliveries)
        ours = await deliveries_per_second(state, dsn, scale, groups, of_account)
        after = await bare_rows_per_second(connection, scale.deliveries)
    many = of_account * scale.accounts
    claim = f"deliveries due at once, {many:,} reminders to {groups} each; bare SQL"
    return Finding(claim, ours, (before + after) / 2, "rows/s", "at least", TARGETS[groups])
