"""A batch is interrupted, and goes on later than its grace: each misfire rule has its word."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from delivery.clockwork import ONE_A_MINUTE, START, Engine, engine, until

pytestmark = pytest.mark.anyio

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
DUE = START + MINUTE
GROUPS = ["1@g.us", "2@g.us", "3@g.us"]
BEGUN = (
    "SELECT 1 FROM deliveries HAVING count(*) = 6 AND count(*) FILTER (WHERE status = 'sent') = 1"
)
OPEN = "SELECT 1 FROM deliveries WHERE status IN ('scheduled', 'sending')"
SENT = "SELECT 1 FROM deliveries HAVING count(*) FILTER (WHERE status = 'sent') = {}"
CONNECTED = "SELECT 1 FROM accounts WHERE state = 'connected'"
JUDGED = "SELECT 1 FROM deliveries HAVING count(*) FILTER (WHERE status = 'missed') >= 2"


async def begin(playing: Engine) -> None:
    """Let two reminders be due, and the first of their six messages leave."""
    for rule in ("skip", "once"):
        await playing.add(
            rule, at="2026-03-02T08:01:00", to=GROUPS, misfire=rule, grace_seconds=600
        )
    playing.clock.pass_to(DUE)
    await playing.wait_for(BEGUN)


async def go_on(playing: Engine) -> None:
    """Let the rest leave, one message a minute."""
    await playing.wait_for(CONNECTED)
    await playing.wait_for(JUDGED)
    while await playing.sql(OPEN):
        before = len(playing.sent)
        playing.clock.pass_to(playing.clock.now() + MINUTE)
        await until(lambda before=before: has_gone_on(playing, before))


async def has_gone_on(playing: Engine, before: int) -> bool:
    return len(playing.sent) > before or not await playing.sql(OPEN)


async def test_what_the_daemon_was_down_for_is_not_sent_hours_later(
    dsn: str, tmp_path: Path
) -> None:
    async with engine(dsn, tmp_path, **ONE_A_MINUTE) as playing:
        await begin(playing)
    async with engine(dsn, tmp_path, DUE + 3 * HOUR, **ONE_A_MINUTE) as playing:
        await go_on(playing)
        skipped, sent = await playing.became("skip"), await playing.became("once")
        assert {("missed", "down", 1)} <= set(skipped) <= {("missed", "down", 1), ("sent", None, 1)}
        assert sent == [("sent", None, 1)] * 3


async def test_what_the_machine_slept_over_is_not_sent_hours_later(
    dsn: str, tmp_path: Path
) -> None:
    async with engine(dsn, tmp_path, **ONE_A_MINUTE) as playing:
        await begin(playing)
        playing.clock.set(DUE + 3 * HOUR)
        await go_on(playing)
        skipped, sent = await playing.became("skip"), await playing.became("once")
        assert {("missed", "late", 1)} <= set(skipped) <= {("missed", "late", 1), ("sent", None, 1)}
        assert sent == [("sent", None, 1)] * 3


async def test_a_short_restart_interrupts_no_batch_that_its_pace_keeps_beyond_the_grace(
    dsn: str, tmp_path: Path
) -> None:
    content: dict[str, Any] = {"at": "2026-03-02T08:01:00", "to": GROUPS, "grace_seconds": 61}
    async with engine(dsn, tmp_path, **ONE_A_MINUTE) as playing:
        await playing.add("soon", **content)
        for minute in (0, 1):
            playing.clock.pass_to(DUE + minute * MINUTE)
            await playing.wait_for(SENT.format(minute + 1))
    async with engine(dsn, tmp_path, DUE + 1.5 * MINUTE, **ONE_A_MINUTE) as playing:
        await playing.wait_for(CONNECTED)
        playing.clock.pass_to(DUE + 2 * MINUTE)
        await playing.wait_for(SENT.format(3))
        assert await playing.became("soon") == [("sent", None, 1)] * 3
