"""What is held by a claim that is written while that which holds it ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from delivery.clockwork import NOBODY, START, Engine, engine, until

from waremind.daemon.accounts.inbox import Restricted
from waremind.daemon.api.handlers import run as runs
from waremind.requests.run import Send

pytestmark = pytest.mark.anyio

DUE = START + timedelta(minutes=1)
SOON = {"at": "2026-03-02T08:01:00"}
WAITING = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' OFFSET {}"
# What somebody reads who has asked shortly before a thaw, and asks for the freeze after it.
STILL_FROZEN = """
    CREATE OR REPLACE FUNCTION why_held(account accounts, moment timestamptz)
    RETURNS TABLE (reason text) LANGUAGE sql STABLE AS $$ SELECT 'frozen' $$
"""
SENT = "SELECT 1 FROM deliveries WHERE status = 'sent'"


@asynccontextmanager
async def claim_under_way(playing: Engine, dsn: str) -> AsyncIterator[None]:
    """Have the scheduler claim what is due, and not finish that before the end of the block."""
    async with await psycopg.AsyncConnection.connect(dsn) as other:
        # The claim has found out why it is held when it looks whether the group is still there.
        await other.execute("SELECT 1 FROM whatsapp_groups FOR UPDATE")
        playing.clock.pass_to(DUE)
        await playing.wait_for(WAITING.format(0))
        yield


async def test_a_breaker_that_closes_releases_what_is_claimed_at_that_moment(
    dsn: str, tmp_path: Path
) -> None:
    async with engine(dsn, tmp_path) as playing:
        closes_at = DUE + timedelta(seconds=5)
        (account,) = playing.daemon.accounts
        account.post(Restricted(account.row.session, closes_at))
        await playing.add("soon", **SOON)
        await until(lambda: _opens(playing, 1))
        async with claim_under_way(playing, dsn):
            playing.clock.pass_to(closes_at)
            await until(lambda: _opens(playing, 0))
        await playing.wait_for(SENT)


async def _opens(playing: Engine, number: int) -> bool:
    """Tell whether so many accounts are waited for to be released."""
    return len(playing.daemon.holds._open_at) == number


async def test_a_thaw_releases_what_is_claimed_at_that_moment(dsn: str, tmp_path: Path) -> None:
    async with engine(dsn, tmp_path) as playing:
        await playing.freeze()
        await playing.add("soon", **SOON)
        async with claim_under_way(playing, dsn):
            thawing = asyncio.create_task(playing.thaw("all"))
            await until(lambda: _over(playing, thawing))
        await thawing
        await playing.wait_for(SENT)


async def _over(playing: Engine, thawing: asyncio.Task[int]) -> bool:
    """Tell whether a thaw is over, or waits for the claim as the claim does for the group."""
    return thawing.done() or bool(await playing.sql(WAITING.format(1)))


async def test_a_send_is_not_refused_for_a_freeze_that_has_just_ended(
    dsn: str, tmp_path: Path
) -> None:
    request = Send(account="ops", to=["1@g.us"], text="now", wait=False)
    async with engine(dsn, tmp_path) as playing:
        await playing.sql(STILL_FROZEN)
        answer = await runs.send(playing.daemon, NOBODY, request)
        assert answer.run is not None
