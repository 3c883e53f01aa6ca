"""A rehearsal: what a reminder would say, in another group, and nothing of it changes."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from delivery.clockwork import NOBODY, START, Engine, engine

from waremind.daemon.api.handlers import run as runs
from waremind.daemon.status.report import status_report
from waremind.errors import ErrorCode, WaremindError
from waremind.requests.run import ReminderRun, RunChanged
from waremind.whatsapp.reports import SendRefused, Sent

pytestmark = pytest.mark.anyio


async def rehearse(playing: Engine, *to: str, **options: Any) -> RunChanged:
    request = ReminderRun(reminder="standup", to=to, **options)
    return await runs.run_reminder(playing.daemon, NOBODY, request)


async def test_a_rehearsal_goes_to_its_groups_alone_and_leaves_the_reminder_as_it_was(
    dsn: str, tmp_path: Path
) -> None:
    async with engine(dsn, tmp_path) as playing:
        await playing.add("standup", at="2026-03-02T09:00:00")
        before = await playing.show("standup")
        run = (await rehearse(playing, "Group 2", "3@g.us")).run
        assert run
        assert (run.kind, run.reminder, run.status) == ("rehearsal", "standup", "sent")
        (session,) = playing.gateway.sessions
        assert [message.group for message in session.sent] == ["2@g.us", "3@g.us"]
        assert await playing.show("standup") == before


async def test_the_last_run_of_a_reminder_is_no_rehearsal(dsn: str, tmp_path: Path) -> None:
    async with engine(dsn, tmp_path) as playing:
        await playing.add("standup", at="2026-03-02T09:00:00")
        await rehearse(playing)
        playing.gateway.whatsapp.answer = lambda _: SendRefused(479, "refused")
        assert (await rehearse(playing, "2@g.us")).run
        reminder = await playing.show("standup")
        assert reminder.last_run
        assert (reminder.last_run.kind, reminder.last_run.status) == ("regular", "sent")
        assert reminder.attention == []


async def test_a_check_of_a_rehearsal_sends_nothing_and_an_unknown_group_is_refused(
    dsn: str, tmp_path: Path
) -> None:
    async with engine(dsn, tmp_path) as playing:
        await playing.add("standup", at="2026-03-02T09:00:00")
        assert (await rehearse(playing, "2@g.us", check=True)).changed
        with pytest.raises(WaremindError) as failure:
            await rehearse(playing, "Group 9")
        assert failure.value.code is ErrorCode.NOT_FOUND
        assert not playing.sent


async def test_a_rehearsal_does_not_hide_that_the_last_run_failed(dsn: str, tmp_path: Path) -> None:
    async with engine(dsn, tmp_path) as playing:
        reminder = await playing.add("standup", at="2026-03-02T09:00:00")
        playing.gateway.whatsapp.answer = lambda _: SendRefused(479, "refused")
        await rehearse(playing)
        playing.gateway.whatsapp.answer = lambda message: Sent(message.group)
        playing.clock.pass_to(START + timedelta(seconds=1))
        assert (await rehearse(playing, "2@g.us")).run
        needs = (await status_report(playing.daemon)).attention
        assert [(need.id, need.code) for need in needs] == [(reminder.id, "last_run_failed")]
