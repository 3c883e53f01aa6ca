"""The scheduler against those who change, lock or ruin the rows that it claims."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest
from delivery.clockwork import ACCOUNT, READERS, START, Engine, engine, until

from waremind.daemon.delivery.scheduler import Scheduler
from waremind.store import accounts

pytestmark = pytest.mark.anyio

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
SOON = {"at": "2026-03-02T08:01:00"}
# From a 31st on it never fires again: python-dateutil looks for it until the year 9999.
HOSTILE = "FREQ=MONTHLY;BYMONTH=4,6,9,11"
NOT_UNDERSTOOD = "FREQ=SECONDLY"
EDIT = "UPDATE reminders SET text = 'new', revision = revision + 1 WHERE name = 'old'"
PAUSE = "UPDATE reminders SET state = 'paused', revision = revision + 1"
WAIT = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%{}%'"
WAITS = WAIT.format("reminders")


async def fall_due_under(change: LiteralString, playing: Engine, dsn: str) -> None:
    """Let a minute pass while somebody is changing reminders, and then be done with it."""
    async with await psycopg.AsyncConnection.connect(dsn) as editor:
        await editor.execute(change)
        playing.clock.pass_to(START + MINUTE)
        await playing.wait_for(WAITS)
    await playing.at_rest()


async def test_a_reminder_that_is_being_changed_is_waited_for_and_fires_as_changed(
    dsn: str, tmp_path: Path
) -> None:
    async with engine(dsn, tmp_path) as playing:
        await playing.add("old", **SOON)
        await playing.add("beside it", **SOON)
        await fall_due_under(EDIT, playing, dsn)
        assert sorted(seen.text for seen in playing.sent) == ["beside it", "new"]
        assert {seen.at for seen in playing.sent} == {START + MINUTE}


async def test_a_reminder_that_is_paused_at_that_very_moment_does_not_fire(
    dsn: str, tmp_path: Path
) -> None:
    async with engine(dsn, tmp_path) as playing:
        await playing.add("paused", **SOON)
        await fall_due_under(PAUSE, playing, dsn)
        assert playing.sent == []


async def test_an_account_that_is_deleted_while_its_reminders_are_claimed_waits_for_the_claim(
    dsn: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with engine(dsn, tmp_path) as playing:
        await playing.add("soon", **SOON)
        async with (
            await psycopg.AsyncConnection.connect(dsn) as other,
            await psycopg.AsyncConnection.connect(dsn, autocommit=True) as deleting,
        ):
            await other.execute("LOCK TABLE runs IN EXCLUSIVE MODE")
            playing.clock.pass_to(START + MINUTE)
            await playing.wait_for(WAIT.format("INSERT INTO runs"))
            row = playing.daemon.accounts.get(ACCOUNT).row
            deletion = asyncio.create_task(accounts.delete(deleting, row))
            await playing.wait_for(WAIT.format("DELETE FROM accounts"))
            await other.rollback()
            assert await deletion
        assert await playing.sql("SELECT 1 FROM reminders") == []
        assert "deadlock" not in caplog.text


async def test_a_reminder_fires_while_those_who_ask_keep_every_connection_that_is_for_them(
    dsn: str, tmp_path: Path
) -> None:
    async with engine(dsn, tmp_path) as playing, AsyncExitStack() as asking:
        await playing.add("in time", **SOON)
        for _ in range(READERS):
            await asking.enter_async_context(playing.readers.connection())
        # As for what other nodes have written, and what they are sending.
        await playing.daemon.outbox.look_again()
        assert not await playing.daemon.sender.departures._is_leaving_elsewhere(None)
        await playing.pass_to(START + MINUTE)
        assert playing.fired("in time") == [START + MINUTE]


async def test_two_schedulers_never_make_two_runs_of_one_occurrence(
    dsn: str, tmp_path: Path
) -> None:
    async with engine(dsn, tmp_path) as playing:
        for number in range(5):
            name = f"each minute {number}"
            await playing.add(name, rrule="FREQ=MINUTELY", start="2026-03-02T07:00")
        second = Scheduler(playing.daemon.runtime, playing.daemon.holds)
        task = asyncio.create_task(second.run())
        await playing.pass_to(START + 20 * MINUTE)
        task.cancel()
        await asyncio.wait([task])
        for number in range(5):
            assert len(await playing.became(f"each minute {number}")) == 20
        assert len(playing.sent) == 100


@pytest.mark.parametrize("rrule", [HOSTILE, NOT_UNDERSTOOD])
async def test_a_rule_that_can_no_longer_be_computed_needs_a_person_and_makes_no_other_late(
    dsn: str, tmp_path: Path, rrule: str
) -> None:
    async with engine(dsn, tmp_path) as playing:
        for name in ("before", "slow", "after"):
            await playing.add(name, rrule="FREQ=MINUTELY;COUNT=3", start="2026-03-02T08:01")
        await playing.sql(
            "UPDATE reminders SET rrule = %s, start = '2026-01-31T08:01' WHERE name = 'slow'", rrule
        )
        await playing.pass_to(START + 3 * MINUTE)
        minutes = [START + minute * MINUTE for minute in (1, 2, 3)]
        assert playing.fired("before") == playing.fired("after") == minutes
        assert playing.fired("slow") == []
        slow = await playing.show("slow")
        assert "rule_too_slow" in {attention.code for attention in slow.attention}


async def kill_worker() -> None:
    """Kill the process in which rules are computed, as the kernel does when memory is short."""

    async def kill() -> bool:
        found = workers()
        for pid in found:
            os.kill(pid, signal.SIGKILL)
        return bool(found)

    await until(kill)


def workers() -> list[int]:
    children = [path.read_text() for path in Path("/proc/self/task").glob("*/children")]
    pids = [int(pid) for line in children for pid in line.split()]
    return [pid for pid in pids if b"rules.worker" in Path(f"/proc/{pid}/cmdline").read_bytes()]


async def rests_until(playing: Engine, at: datetime) -> None:
    """Wait until the scheduler sleeps to this time."""

    async def rests() -> bool:
        return playing.daemon.scheduler.next_at == at

    await until(rests)


async def test_a_reminder_over_which_the_worker_is_lost_fires_later_and_holds_no_other_up(
    dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with engine(dsn, tmp_path) as playing:
        await playing.add("sound", **SOON)
        await kill_worker()
        with monkeypatch.context() as no_workers:
            no_workers.setattr("waremind.daemon.rules.evaluator.COMMAND", ("false",))
            playing.clock.pass_to(START + MINUTE)
            await rests_until(playing, START + MINUTE + SECOND)
            playing.clock.pass_to(START + MINUTE + SECOND)
            await rests_until(playing, START + MINUTE + 3 * SECOND)
        await playing.add("beside it", at="2026-03-02T08:01:01")
        await playing.wait_for("SELECT 1 FROM deliveries WHERE status = 'sent'")
        assert [seen.text for seen in playing.sent] == ["beside it"]
        playing.clock.pass_to(START + MINUTE + 3 * SECOND)
        await playing.at_rest()
        assert playing.fired("sound") == [START + MINUTE + 3 * SECOND]
        assert (await playing.show("sound")).attention == []


async def test_however_long_a_freeze_few_runs_are_held(dsn: str, tmp_path: Path) -> None:
    async with engine(dsn, tmp_path) as playing:
        each_minute = {"rrule": "FREQ=MINUTELY", "start": "2026-03-02T07:00", "grace_seconds": 120}
        for rule in ("skip", "once", "all"):
            await playing.add(rule, misfire=rule, **each_minute)
        await playing.freeze()
        await playing.pass_to(START + 30 * MINUTE)
        held = {
            rule: sum(status == "held" for status, *_ in await playing.became(rule))
            for rule in ("skip", "once", "all")
        }
        assert held["skip"] <= held["once"] <= 4
        assert held["all"] <= 13
        assert playing.sent == []
        for rule in held:
            assert len(await playing.became(rule)) == 30
        await playing.thaw("skip")
        await playing.at_rest()
        assert 0 < len(playing.sent) <= 3 * 3
