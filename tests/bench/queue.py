"""How long finding what is due takes with many reminders, and what waiting for them costs."""

from __future__ import annotations

import asyncio
import contextlib
import statistics
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from daemon_process import DaemonProcess, environment

from bench import stage
from bench.finding import Finding, Scale
from waremind.requests.daemon import Status
from waremind.store import migrations, reminders
from waremind.store.dsn import complete
from waremind.store.embedded import EmbeddedPostgres

FEW = 1_000
DUE = 100
TRIES = 200
SETTLE_SECONDS = 3.0

# Some are due, all others come within a year. The foreign keys are true as it is.
FILL = """
    SET session_replication_role = replica;
    INSERT INTO nodes (id, name, version, beat_at, started_at)
        VALUES ('nod_1', 'one', '1', now(), now());
    INSERT INTO accounts (id, label, state, device, session, created_at, status_since, state_since,
                          node_id)
        VALUES ('acc_000000000000', 'ops', 'stopped', 1, 1, now(), now(), now(), 'nod_1');
    INSERT INTO whatsapp_groups (id, account_id, jid, name)
        VALUES ('grp_000000000000', 'acc_000000000000', '1@g.us', 'Ops');
    INSERT INTO reminders (id, name, account_id, text, rrule, start, zone, misfire, grace_seconds,
                           mention_all, state, next_at, fires_at, next_nominal,
                           created_at)
        SELECT 'rem_' || lpad(n::text, 12, '0'), 'reminder ' || n, 'acc_000000000000', 'Stand-up',
               'FREQ=YEARLY', at, 'UTC', 'skip', 600, false, 'active', at AT TIME ZONE 'UTC',
               at AT TIME ZONE 'UTC', at, now()
        FROM generate_series(1, {number}) n
        CROSS JOIN LATERAL (SELECT now() AT TIME ZONE 'UTC' + CASE WHEN n <= {due} THEN
            interval '-1 s' ELSE interval '1 day' + n * interval '360 days' / {number} END) v (at);
    INSERT INTO reminder_groups (reminder_id, group_id, position)
        SELECT id, 'grp_000000000000', 1 FROM reminders;
    SET session_replication_role = origin
"""


async def measure(scale: Scale) -> AsyncIterator[Finding]:
    """Ask both databases in turns; then let a daemon wait for the many."""
    with stage.directory() as state:
        async with stage.postgres(state) as dsn, await stage.connected(dsn) as connection:
            await connection.execute("CREATE DATABASE many TEMPLATE template0")
            many_dsn = psycopg.conninfo.make_conninfo(dsn, dbname="many")
            async with await stage.connected(many_dsn) as many:
                await migrations.migrate(many, migrations.read())
                await fill(connection, FEW, DUE)
                await fill(many, scale.reminders, DUE)
            few_took, many_took = await _finding(dsn, many_dsn)
    yield Finding(
        f"finding {DUE} that are due among {scale.reminders:,} reminders, among {FEW:,}",
        many_took,
        few_took,
        "ms",
        "at most",
        1.3,
    )
    idle = await _idle_percent(scale)
    claim = f"CPU of the idle daemon with {scale.reminders:,} reminders"
    yield Finding(claim, idle, 1, "% core", "at most", 1)


async def fill(connection: psycopg.AsyncConnection, number: int, due: int) -> None:
    """Store reminders, as a database that has run for long holds them."""
    for statement in FILL.format(number=number, due=due).split(";"):
        await connection.execute(statement.encode())
    await connection.execute("VACUUM ANALYZE")
    await connection.execute("CHECKPOINT")


async def _finding(few_dsn: str, many_dsn: str) -> list[float]:
    """Take turns in asking for what is due and for what comes next; medians in milliseconds."""
    now = datetime.now(UTC)
    took: dict[str, list[float]] = {few_dsn: [], many_dsn: []}
    connections = {dsn: await stage.connected(complete(dsn)) for dsn in took}
    for _ in range(TRIES):
        for dsn, connection in connections.items():
            begun = time.perf_counter()
            await reminders.next_due(connection, "nod_1")
            found = await reminders.select_due(connection, "nod_1", now, DUE)
            took[dsn].append((time.perf_counter() - begun) * 1000)
            assert len(found) == DUE
    for connection in connections.values():
        await connection.close()
    return [statistics.median(times) for times in took.values()]


async def _idle_percent(scale: Scale) -> float:
    """Let a daemon with its PostgreSQL wait for what comes in days."""
    with DaemonProcess(environment()) as daemon:
        dsn = EmbeddedPostgres(daemon.state / "postgres").dsn
        async with await stage.connected(dsn) as connection:
            await fill(connection, scale.reminders, 0)
        daemon.stop()
        daemon.start()
        daemon.call(Status())
        await asyncio.sleep(SETTLE_SECONDS)
        pids = [daemon.process.pid, *daemon.processes()]
        before = cpu_seconds(pids)
        await asyncio.sleep(scale.idle_seconds)
        return cpu_seconds_since(before) / scale.idle_seconds * 100


def cpu_seconds(pids: Iterable[int]) -> dict[int, float]:
    """Say how long the threads of each process have run (proc_pid_schedstat, in nanoseconds)."""
    found: dict[int, float] = {}
    for pid in pids:
        with contextlib.suppress(OSError):  # PostgreSQL's come and go
            threads = Path(f"/proc/{pid}/task").iterdir()
            ran = (int((each / "schedstat").read_text().split()[0]) for each in threads)
            found[pid] = sum(ran) / 1e9
    return found


def cpu_seconds_since(before: Mapping[int, float]) -> float:
    """Add up how long processes have run since then, those that are still there."""
    return sum(now - before[pid] for pid, now in cpu_seconds(before).items())
