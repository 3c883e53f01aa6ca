"""A follow-up: the same text once more, to groups where too few have read it by then."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from delivery.clockwork import NOBODY, START, Engine, engine, until
from delivery.test_members import in_group, member, say

from waremind.daemon.api.handlers import reminder as reminders
from waremind.daemon.api.handlers import run as runs
from waremind.requests.reminder import ReminderPause
from waremind.requests.run import ReminderRun

pytestmark = pytest.mark.anyio

THEN = START + timedelta(hours=2, milliseconds=1)
FOLLOWS = (
    "SELECT coalesce(r.outcome, d.status), coalesce(r.reason, d.reason) FROM runs r"
    " LEFT JOIN deliveries d ON d.run_id = r.id WHERE r.kind = 'follow_up' ORDER BY r.number"
)
PUT_OFF = "SELECT 1 FROM runs WHERE follow_up_at = '2026-03-02T11:00Z'"
OVER = "SELECT 1 FROM runs HAVING count(*) > 0 AND count(follow_up_at) = 0"


async def begun(playing: Engine, *to: str, **fields: Any) -> tuple[str, str]:
    """Run a reminder that is followed after two hours; returns the run's and the message's id."""
    options = {"follow_up_seconds": 7200, "unless_read_percent": 50, **fields}
    await playing.add("standup", at="2026-03-09T09:00:00", to=list(to or ["1@g.us"]), **options)
    request = ReminderRun(reminder="standup")
    run = (await runs.run_reminder(playing.daemon, NOBODY, request)).run
    assert run
    message = run.deliveries[0].message_id
    assert message
    return run.id, message


async def became(playing: Engine) -> list[Any]:
    """Wait until the run was looked at; say what became of its follow-up."""
    await playing.wait_for(OVER)
    query = "SELECT 1 FROM deliveries WHERE status IN ('scheduled', 'sending')"

    async def ended() -> bool:
        return not await playing.sql(query)

    await until(ended)
    return await playing.sql(FOLLOWS)


async def read_by(playing: Engine, message: str, *members: int) -> None:
    for each in members:
        say(playing, "read", f"{each}@lid", message)
    query = f"SELECT 1 FROM receipts HAVING count(read_at) = {len(members)}"  # noqa: S608 - a number
    await playing.wait_for(query)


async def test_where_too_few_have_read_it_by_then_it_is_said_once_more_and_no_third_time(
    dsn: str, tmp_path: Path
) -> None:
    async with engine(dsn, tmp_path) as playing:
        await in_group(playing, *map(member, range(3)))
        run, message = await begun(playing)
        await playing.sql("UPDATE runs SET mentions = '{1@lid}'")
        await read_by(playing, message, 0)
        playing.clock.pass_to(THEN - timedelta(seconds=2))
        assert len(playing.fired("standup")) == 1
        playing.clock.pass_to(THEN)
        assert await became(playing) == [("sent", None)]
        assert playing.fired("standup") == [START, THEN]
        assert playing.gateway.sessions[0].sent[-1].mentions == ("1@lid",)
        playing.clock.pass_to(THEN + timedelta(hours=2))
        assert await became(playing) == [("sent", None)]
        assert await playing.sql("SELECT follows FROM runs WHERE kind = 'follow_up'") == [(run,)]
        reminder = await playing.show("standup")
        assert reminder.last_run
        assert reminder.last_run.id == run


async def test_where_enough_have_read_it_nothing_is_said(dsn: str, tmp_path: Path) -> None:
    async with engine(dsn, tmp_path) as playing:
        await in_group(playing, *map(member, range(2)))
        _, message = await begun(playing)
        await read_by(playing, message, 0)
        playing.clock.pass_to(THEN)
        assert await became(playing) == []


async def test_a_follow_up_too_late_is_missed(dsn: str, tmp_path: Path) -> None:
    async with engine(dsn, tmp_path) as playing:
        await in_group(playing, member(1))
        await begun(playing)
        playing.clock.pass_to(THEN + timedelta(minutes=11))
        assert await became(playing) == [("missed", "late")]


async def test_a_follow_up_of_a_paused_reminder_is_skipped(dsn: str, tmp_path: Path) -> None:
    async with engine(dsn, tmp_path) as playing:
        await in_group(playing, member(1))
        await begun(playing)
        await reminders.pause(playing.daemon, NOBODY, ReminderPause(reminder="standup"))
        playing.clock.pass_to(THEN)
        assert await became(playing) == [("skipped", "paused")]


async def test_a_follow_up_waits_while_frozen(dsn: str, tmp_path: Path) -> None:
    async with engine(dsn, tmp_path) as playing:
        await in_group(playing, member(1))
        await begun(playing)
        await playing.freeze()
        playing.clock.pass_to(THEN)
        assert await became(playing) == [("held", "frozen")]
        await playing.thaw("once")
        assert await became(playing) == [("sent", None)]


async def test_a_follow_up_that_quiet_hours_make_too_late_is_missed(
    dsn: str, tmp_path: Path
) -> None:
    async with engine(dsn, tmp_path) as playing:
        await in_group(playing, member(1))
        await begun(playing, quiet="09:30-11:00")
        playing.clock.pass_to(THEN)
        assert await became(playing) == [("missed", "quiet")]


async def test_a_follow_up_waits_for_the_end_of_quiet_hours(dsn: str, tmp_path: Path) -> None:
    async with engine(dsn, tmp_path) as playing:
        await in_group(playing, member(1))
        await begun(playing, quiet="09:30-11:00", misfire="once")
        playing.clock.pass_to(THEN)
        await playing.wait_for(PUT_OFF)
        playing.clock.pass_to(THEN + timedelta(hours=1))
        assert await became(playing) == [("sent", None)]


async def test_two_follow_ups_that_quiet_hours_put_off_to_their_end_are_both_sent(
    dsn: str, tmp_path: Path
) -> None:
    async with engine(dsn, tmp_path) as playing:
        await in_group(playing, member(1))
        await begun(playing, quiet="09:30-11:00", misfire="once")
        playing.clock.pass_to(START + timedelta(minutes=1))
        await runs.run_reminder(playing.daemon, NOBODY, ReminderRun(reminder="standup"))
        playing.clock.pass_to(THEN + timedelta(minutes=1))
        await playing.wait_for(f"{PUT_OFF} OFFSET 1")
        playing.clock.pass_to(THEN + timedelta(hours=1))
        assert await became(playing) == [("sent", None), ("sent", None)]
