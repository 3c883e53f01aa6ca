"""What is held of a reminder that is paused does not leave any more; what has begun goes on."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from delivery.clockwork import NOBODY, ONE_A_MINUTE, START, Engine, engine

from waremind.daemon.api.handlers import reminder as reminders
from waremind.requests.reminder import ReminderPause, ReminderResume

pytestmark = pytest.mark.anyio

MINUTE = timedelta(minutes=1)
SLOW = {"governor": {"enabled": True, **ONE_A_MINUTE["governor"]}}


async def pause(playing: Engine, name: str) -> None:
    await reminders.pause(playing.daemon, NOBODY, ReminderPause(reminder=name))


async def test_what_is_held_when_its_reminder_is_paused_is_skipped(
    dsn: str, tmp_path: Path
) -> None:
    async with engine(dsn, tmp_path) as playing:
        await playing.freeze()
        for name in ("paused", "active"):
            await playing.add(name, rrule="FREQ=DAILY", start="2026-03-02T08:01")
        await playing.pass_to(START + MINUTE)
        await pause(playing, "paused")
        assert await playing.became("paused") == [("skipped", "paused", 1)]
        await reminders.resume(playing.daemon, NOBODY, ReminderResume(reminder="paused"))
        assert await playing.thaw("all") == 1
        await playing.wait_for("SELECT 1 FROM deliveries WHERE status = 'sent'")
        assert [seen.text for seen in playing.sent] == ["active"]


async def test_a_pause_between_two_messages_of_a_run_is_between_no_occurrences(
    dsn: str, tmp_path: Path
) -> None:
    async with engine(dsn, tmp_path, **SLOW) as playing:
        await playing.add(
            "daily", to=["1@g.us", "2@g.us"], rrule="FREQ=DAILY", start="2026-03-02T08:01"
        )
        playing.clock.pass_to(START + MINUTE)
        await playing.wait_for("SELECT 1 FROM deliveries WHERE status = 'sent'")
        await pause(playing, "daily")
        playing.clock.pass_to(START + 2 * MINUTE)
        await playing.wait_for("SELECT 1 FROM deliveries WHERE status = 'sent' OFFSET 1")
        assert await playing.became("daily") == [("sent", None, 1)] * 2
