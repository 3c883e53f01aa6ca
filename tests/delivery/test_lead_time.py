"""A reminder is claimed shortly before its time, and nobody can tell but by its punctuality."""

from __future__ import annotations

import asyncio
import errno
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from delivery.clockwork import NOBODY, START, Engine, Seen, engine, until

from waremind.daemon.api.handlers import reminder as reminders
from waremind.daemon.delivery.lead_time import LEAD, wait_until_due
from waremind.daemon.system.clock import WallClock
from waremind.requests.reminder import ReminderDelete, ReminderDeleted, ReminderEdit, ReminderPause
from waremind.whatsapp.reports import Sent

pytestmark = pytest.mark.anyio

MINUTE = timedelta(minutes=1)
DUE = START + MINUTE
SHORTLY = DUE - LEAD
EACH_MINUTE = {"rrule": "FREQ=MINUTELY", "start": "2026-03-02T08:01"}
LOCK = "LOCK TABLE accounts, deliveries, reminders, runs, whatsapp_groups, freezes"


WAITING = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' OFFSET {}"
AGAIN_AT = "SELECT due_at FROM deliveries WHERE status = 'scheduled' AND attempts = 1"


async def marked(playing: Engine, number: int = 1) -> None:
    """Let all but half a second pass, until so many messages wait for nothing but their time."""
    playing.clock.pass_to(SHORTLY)
    await until(lambda: asleep(playing, number))
    assert playing.sent == []


async def asleep(playing: Engine, number: int, at: datetime = DUE) -> bool:
    """Tell whether so many wait for the time at which the reminder is due."""
    return playing.clock.sleepers[at] == number


async def delete(playing: Engine) -> ReminderDeleted:
    return await reminders.delete(playing.daemon, NOBODY, ReminderDelete(reminder="soon"))


async def test_at_its_time_a_message_waits_for_nothing_not_even_for_postgresql(
    dsn: str, tmp_path: Path
) -> None:
    async with engine(dsn, tmp_path) as playing:
        await playing.add("soon", **EACH_MINUTE)
        await marked(playing)
        async with await psycopg.AsyncConnection.connect(dsn) as other:
            await other.execute(LOCK)
            playing.clock.pass_to(DUE)
            await until(lambda: arrived(playing, 1))
        assert playing.sent == [Seen("soon", DUE)]


async def arrived(playing: Engine, number: int) -> bool:
    return len(playing.sent) == number


async def test_without_any_grace_it_is_sent_in_time(dsn: str, tmp_path: Path) -> None:
    async with engine(dsn, tmp_path) as playing:
        await playing.add("soon", grace_seconds=0, **EACH_MINUTE)
        await marked(playing)
        await playing.pass_to(DUE)
        assert await playing.became("soon") == [("sent", None, 1)]


async def pausing(playing: Engine) -> None:
    await reminders.pause(playing.daemon, NOBODY, ReminderPause(reminder="soon"))


async def editing(playing: Engine) -> None:
    await reminders.edit(playing.daemon, NOBODY, ReminderEdit(reminder="soon", text="new"))


async def deleting(playing: Engine) -> None:
    await playing.delete("soon")


@pytest.mark.parametrize("change", [pausing, editing, deleting])
async def test_a_change_shortly_before_its_time_is_done_after_it(
    dsn: str, tmp_path: Path, change: Any
) -> None:
    async with engine(dsn, tmp_path) as playing:
        await playing.add("soon", **EACH_MINUTE)
        await marked(playing)
        changing = asyncio.create_task(change(playing))
        await until(lambda: asleep(playing, 2))
        assert not changing.done()
        playing.clock.pass_to(DUE)
        await changing
        await until(lambda: arrived(playing, 1))
        assert playing.sent == [Seen("soon", DUE)]


async def test_a_freeze_shortly_before_its_time_lets_nothing_leave(
    dsn: str, tmp_path: Path
) -> None:
    async with engine(dsn, tmp_path) as playing:
        await playing.add("soon", to=["1@g.us", "2@g.us", "3@g.us"], **EACH_MINUTE)
        await marked(playing)
        await playing.freeze()
        await playing.pass_to(DUE)
        assert playing.sent == []
        assert await playing.became("soon") == [("held", "frozen", 1)] * 3
        assert await playing.sql("SELECT DISTINCT attempts FROM deliveries") == [(0,)]
        await playing.thaw("all")
        await until(lambda: arrived(playing, 3))
        assert await playing.sql("SELECT DISTINCT attempts FROM deliveries") == [(1,)]


async def test_a_freeze_is_answered_when_what_was_leaving_has_left(
    dsn: str, tmp_path: Path
) -> None:
    async with engine(dsn, tmp_path) as playing:
        (session,) = playing.gateway.sessions
        playing.gateway.whatsapp.answer = lambda _message: None
        await playing.add("soon", **EACH_MINUTE)
        playing.clock.pass_to(DUE)
        await session.wait_held()
        freezing = asyncio.create_task(playing.freeze())
        await playing.wait_for("SELECT 1 FROM freezes")
        assert not freezing.done()
        session.release(Sent("3EB0"))
        await freezing
        await playing.wait_for("SELECT 1 FROM deliveries WHERE status <> 'sending'")
        assert await playing.became("soon") == [("sent", None, 1)]


async def test_a_delete_that_meets_a_claim_is_done_after_the_message_has_left(
    dsn: str, tmp_path: Path
) -> None:
    async with engine(dsn, tmp_path) as playing:
        await playing.add("soon", **EACH_MINUTE)
        async with await psycopg.AsyncConnection.connect(dsn) as other:
            await other.execute("SELECT 1 FROM reminders FOR UPDATE")
            playing.clock.pass_to(SHORTLY)
            await playing.wait_for(WAITING.format(0))  # the claim
            deleting = asyncio.create_task(delete(playing))
            await playing.wait_for(WAITING.format(1))
        await until(lambda: asleep(playing, 2))
        assert not deleting.done()
        playing.clock.pass_to(DUE)
        assert (await deleting).runs == 1
        assert playing.sent == [Seen("soon", DUE)]


async def test_a_delete_shortly_before_another_try_is_done_after_it(
    dsn: str, tmp_path: Path
) -> None:
    async with engine(dsn, tmp_path) as playing:
        (session,) = playing.gateway.sessions
        await playing.add("soon", **EACH_MINUTE)
        session.connected = False  # the child knows before the daemon does
        playing.clock.pass_to(DUE)
        await playing.wait_for(AGAIN_AT)
        ((again_at,),) = await playing.sql(AGAIN_AT)
        session.connected = True
        playing.clock.pass_to(again_at - LEAD)
        await until(lambda: asleep(playing, 1, again_at))
        deleting = asyncio.create_task(delete(playing))
        await until(lambda: asleep(playing, 2, again_at))
        playing.clock.pass_to(again_at)
        assert (await deleting).runs == 1
        assert playing.sent == [Seen("soon", again_at)]


async def test_what_is_on_its_way_when_the_clock_is_set_back_leaves_once(
    dsn: str, tmp_path: Path
) -> None:
    async with engine(dsn, tmp_path) as playing:
        await playing.add("soon", at="2026-03-02T08:01:00")
        await marked(playing)
        playing.clock.set(START - 60 * MINUTE)
        await playing.wait_for("SELECT 1 FROM deliveries WHERE status <> 'sending'")
        assert await playing.became("soon") == [("sent", None, 1)]
        await playing.pass_to(DUE + MINUTE)
        assert len(playing.sent) == 1


async def test_an_account_that_is_cut_off_at_that_moment_sends_when_it_is_back(
    dsn: str, tmp_path: Path
) -> None:
    async with engine(dsn, tmp_path) as playing:
        await playing.add("soon", at="2026-03-02T08:01:00")
        await marked(playing)
        playing.gateway.sessions[-1].connected = False  # the child knows before the daemon does
        playing.clock.pass_to(DUE)
        await playing.wait_for(
            "SELECT 1 FROM deliveries WHERE status = 'scheduled' AND attempts = 1"
        )
        playing.gateway.sessions[-1].connected = True
        await playing.pass_to(DUE + MINUTE)
        assert await playing.became("soon") == [("sent", None, 1)]


class Broken(WallClock):
    """A clock that has nothing to wait with, as when no file can be opened any more."""

    async def sleep_until(self, at: datetime | None) -> None:
        raise OSError(errno.EMFILE, str(at))


async def test_a_clock_that_cannot_wait_costs_no_message() -> None:
    with Broken() as clock:
        at = clock.now() + LEAD / 10
        await wait_until_due(clock, at)
        assert clock.now() >= at
