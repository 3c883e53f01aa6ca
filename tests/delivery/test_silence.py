"""Nobody has received what WhatsApp has accepted: an alarm, and its end."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from delivery.clockwork import NOBODY, START, Engine, engine, until
from delivery.test_members import in_group, member, say, sent

from waremind.daemon.api.handlers import run as runs
from waremind.daemon.status.report import status_report
from waremind.requests.run import ReminderRun, RunAcknowledge
from waremind.store import silence

pytestmark = pytest.mark.anyio

JUST = START + timedelta(seconds=899)
LATE = START + timedelta(seconds=901)


async def alarms(playing: Engine) -> list[tuple[str, str | None]]:
    """List whom it is said of that nobody has received a message: kind and id."""
    report = await status_report(playing.daemon)
    return [(each.kind, each.id) for each in report.attention if each.code == "nobody_received"]


async def test_it_is_said_of_a_run_after_a_while_until_the_first_receipt(
    dsn: str, tmp_path: Path
) -> None:
    async with engine(dsn, tmp_path) as playing:
        await in_group(playing, member(1), member(2))
        run, message = await sent(playing)
        playing.clock.pass_to(JUST)
        assert await alarms(playing) == []
        playing.clock.pass_to(LATE)
        assert await alarms(playing) == [("run", run)]
        say(playing, "delivered", "1@lid", message)

        async def over() -> bool:
            return await alarms(playing) == []

        await until(over)


async def test_it_is_said_of_a_reminder_until_a_person_acknowledges_it(
    dsn: str, tmp_path: Path
) -> None:
    async with engine(dsn, tmp_path) as playing:
        await in_group(playing, member(1))
        reminder = await playing.add("standup", at="2026-03-09T09:00:00")
        request = ReminderRun(reminder="standup")
        run = (await runs.run_reminder(playing.daemon, NOBODY, request)).run
        assert run
        playing.clock.pass_to(LATE)
        assert await alarms(playing) == [("reminder", reminder.id)]
        (need,) = (await playing.show("standup")).attention
        assert (need.code, run.id in need.fix) == ("nobody_received", True)
        changes = [
            (await runs.acknowledge(playing.daemon, NOBODY, request)).changed
            for request in (
                RunAcknowledge(run=run.id, check=True),
                RunAcknowledge(run=run.id),
                RunAcknowledge(run=run.id),
            )
        ]
        assert changes == [True, True, False]
        assert await alarms(playing) == []
        assert (await playing.show("standup")).attention == []


async def test_a_group_without_others_alarms_nobody(dsn: str, tmp_path: Path) -> None:
    async with engine(dsn, tmp_path) as playing:
        await in_group(playing)
        await sent(playing)
        playing.clock.pass_to(START + timedelta(seconds=1))
        await in_group(playing, member(1))
        playing.clock.pass_to(LATE)
        assert await alarms(playing) == []


async def test_what_was_sent_to_a_group_without_others_is_looked_at_once(
    dsn: str, tmp_path: Path
) -> None:
    async with engine(dsn, tmp_path) as playing:
        await in_group(playing)
        alone, _ = await sent(playing)
        playing.clock.pass_to(START + timedelta(seconds=1))
        await in_group(playing, member(1))
        addressed, _ = await sent(playing)
        async with playing.daemon.database.connection() as connection:
            assert await silence.acknowledge_unaddressed(connection, LATE) == 1
            assert not await silence.is_silent(connection, alone)
            assert await silence.is_silent(connection, addressed)
