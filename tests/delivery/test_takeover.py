"""The lock on the database is lost to another daemon, and comes back."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from delivery.clockwork import ACCOUNT, START, engine, until

from waremind.store.lock import LOCK

pytestmark = pytest.mark.anyio

OURS = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted"
LEFT = f"""
    INSERT INTO runs (id, account_id, occurs_at, zone, text, mention_all, give_up_at, grace_seconds,
                      misfire, created_at)
        VALUES ('run_theirs', '{ACCOUNT}', '{START}', 'UTC', 'theirs', false, '{START}', 0, 'skip',
                '{START}');
    INSERT INTO deliveries (run_id, group_id, account_id, position, status, due_at, started_at)
        SELECT 'run_theirs', min(id), '{ACCOUNT}', 1, 'sending', '{START}', '{START}'
        FROM whatsapp_groups
"""  # noqa: S608 - constants of this suite


async def test_what_another_daemon_left_in_mid_send_is_unknown_and_blocks_nothing(
    dsn: str, tmp_path: Path
) -> None:
    async with engine(dsn, tmp_path) as playing:
        lock = playing.daemon.runtime.membership
        keeping = asyncio.create_task(lock.keep(lambda _why: None))
        await playing.add("soon", at="2026-03-02T08:01:00")
        async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as theirs:
            while not await _takes(theirs):
                await playing.sql(OURS)
            await lock.lost.wait()
            for statement in LEFT.split(";"):
                await theirs.execute(statement.encode())
        await lock.held.wait()
        await playing.wait_for("SELECT 1 FROM deliveries WHERE status = 'unknown'")
        await playing.pass_to(START + timedelta(minutes=2))
        await until(lambda: playing.became("soon"))
        assert await playing.became("soon") == [("sent", None, 1)]
        keeping.cancel()


async def _takes(connection: psycopg.AsyncConnection) -> bool:
    cursor = await connection.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
    (taken,) = await cursor.fetchone() or (False,)
    return taken
