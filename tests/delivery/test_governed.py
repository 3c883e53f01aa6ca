"""The governor's pace on a clock that a test moves: beyond the grace, and over a restart."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from delivery.clockwork import ONE_A_MINUTE, START, engine

pytestmark = pytest.mark.anyio

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
DUE = START + MINUTE
CONNECTED = "SELECT 1 FROM accounts WHERE state = 'connected'"
SENT = "SELECT 1 FROM deliveries WHERE status = 'sent'"
CLAIMED = "SELECT 1 FROM deliveries WHERE status = 'scheduled'"
TRIED = "SELECT 1 FROM deliveries WHERE status = 'scheduled' AND attempts = 1"


async def test_what_its_pace_kept_beyond_the_grace_is_tried_again_like_the_rest(
    dsn: str, tmp_path: Path
) -> None:
    async with engine(dsn, tmp_path, **ONE_A_MINUTE) as playing:
        to = ["1@g.us", "2@g.us"]
        await playing.add("soon", at="2026-03-02T08:01:00", to=to, grace_seconds=30)
        playing.clock.pass_to(DUE)
        await playing.wait_for(SENT)
        playing.gateway.sessions[-1].connected = False  # the child knows before the daemon does
        playing.clock.pass_to(DUE + MINUTE)
        await playing.wait_for(TRIED)
        playing.gateway.sessions[-1].connected = True
        playing.clock.pass_to(DUE + 2 * MINUTE)
        await playing.at_rest()
        assert await playing.became("soon") == [("sent", None, 1)] * 2


async def test_a_restart_fills_no_bucket(dsn: str, tmp_path: Path) -> None:
    async with engine(dsn, tmp_path, **ONE_A_MINUTE) as playing:
        await playing.add("before", at="2026-03-02T08:01:00")
        await playing.pass_to(DUE)
        assert playing.fired("before") == [DUE]
    async with engine(dsn, tmp_path, DUE + SECOND, **ONE_A_MINUTE) as playing:
        await playing.wait_for(CONNECTED)
        await playing.add("after", at="2026-03-02T08:01:10")
        playing.clock.pass_to(DUE + 10 * SECOND)
        await playing.wait_for(CLAIMED)
        playing.clock.pass_to(DUE + MINUTE)
        await playing.at_rest()
        assert playing.fired("after") == [DUE + MINUTE]
