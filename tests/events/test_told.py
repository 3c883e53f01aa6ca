"""Whatever changes is told, in order, and nothing else: with the real engine on a played clock."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from delivery.clockwork import NOBODY, START, Engine, engine
from events.following import Reader, all_events, following
from events.rebuilt import Rebuilt, seen_accounts, seen_runs

from waremind.daemon.api.handlers import account, freeze, reminder, run
from waremind.errors import ErrorCode, WaremindError
from waremind.requests.account import AccountAdd, AccountDelete, AccountList, AccountRename
from waremind.requests.daemon import FreezeSet
from waremind.requests.events import EventsEnd, EventsOverflow
from waremind.requests.reminder import ReminderEdit, ReminderPause, ReminderResume
from waremind.requests.run import RunList

DAILY = {"rrule": "FREQ=DAILY", "start": "2026-03-02T09:00"}


@pytest.fixture
async def playing(dsn: str, tmp_path: Path) -> AsyncIterator[Engine]:
    async with engine(dsn, tmp_path) as playing:
        yield playing


async def types(playing: Engine, *patterns: str) -> list[str]:
    return [event.type for event in await all_events(playing, types=patterns)]


async def test_a_message_is_told_of_from_its_run_to_its_end(playing: Engine) -> None:
    await playing.add("stand-up", **DAILY)
    await playing.pass_to(START + timedelta(hours=2))
    told = await all_events(playing, types=("run.*", "delivery.*"))
    assert [event.type for event in told] == [
        *("run.created", "delivery.scheduled", "delivery.sending", "delivery.sent")
    ]
    assert len({(event.account, event.reminder, event.run) for event in told}) == 1
    assert told[-1].data["message_id"] == "3EB00000000000000001"


async def test_an_operator_s_changes_of_a_reminder_are_told_and_moving_on_is_not(
    playing: Engine,
) -> None:
    await playing.add("stand-up", **DAILY)
    await playing.add("once", at="2026-03-03T09:00")
    for request, answer in (
        (ReminderEdit(reminder="stand-up", to=["2@g.us"]), reminder.edit),
        (ReminderPause(reminder="stand-up"), reminder.pause),
        (ReminderResume(reminder="stand-up"), reminder.resume),
    ):
        await answer(playing.daemon, NOBODY, request)
    playing.daemon.scheduler.wake()
    await playing.pass_to(START + timedelta(days=2))
    await playing.delete("stand-up")
    assert await types(playing, "reminder.*") == [
        *("reminder.added", "reminder.added"),
        *("reminder.changed", "reminder.paused", "reminder.resumed"),
        *("reminder.finished", "reminder.deleted"),
    ]


async def test_accounts_freezes_and_operators_are_told(playing: Engine) -> None:
    daemon = playing.daemon
    async with following(playing) as reader:
        await account.add(daemon, NOBODY, AccountAdd(label="sales"))
        await account.rename(daemon, NOBODY, AccountRename(account="sales", label="people"))
        await freeze.freeze(daemon, NOBODY, FreezeSet(account="people", reason="wrong text"))
        await account.delete(daemon, NOBODY, AccountDelete(account="people"))
        deleted = await reader.hears("account.deleted")
        await reader.hears("freeze.ended")
    told = [event for event in reader.told if event.account == deleted.account]
    assert [event.type for event in told if event.type != "audit.written"] == [
        *("account.added", "account.renamed", "freeze.begun"),
        *("account.deleted", "freeze.ended"),
    ]
    audited = [event.data["action"] for event in told if event.type == "audit.written"]
    assert audited == ["account.add", "account.rename", "freeze", "account.delete"]


async def test_events_alone_rebuild_the_lists(playing: Engine) -> None:
    for name in ("first", "second", "third"):
        await playing.add(name, to=["1@g.us", "2@g.us"], **DAILY)
    await playing.pass_to(START + timedelta(days=2))
    await playing.freeze()
    await playing.pass_to(START + timedelta(days=3))
    await playing.thaw("skip")
    await playing.delete("second")
    await account.add(playing.daemon, NOBODY, AccountAdd(label="sales"))
    rebuilt = Rebuilt(await all_events(playing))
    listing = await run.list_(playing.daemon, NOBODY, RunList(limit=0))
    runs: list[Any] = [each async for page in listing.pages for each in page]
    assert rebuilt.listed_runs() == seen_runs(runs)
    accounts = await account.list_(playing.daemon, NOBODY, AccountList(all=True))
    assert rebuilt.accounts == seen_accounts(accounts.accounts)


async def test_a_reader_that_is_too_slow_is_told_where_to_go_on(playing: Engine) -> None:
    await playing.add("stand-up", **DAILY)
    everything = await all_events(playing)
    slow = Reader(room=2)
    end = await slow.ask(playing, follow=True, since="0")
    assert end == EventsOverflow(slow.told[-1].id)
    rest = await all_events(playing, since=str(end.resume))
    assert slow.told + rest == everything


async def test_one_may_begin_at_an_id_at_a_time_or_now(playing: Engine) -> None:
    everything = await all_events(playing)
    assert await all_events(playing, since=str(everything[0].id)) == everything[1:]
    assert await all_events(playing, since="2026-01-01T00:00:00Z") == everything
    assert await Reader().ask(playing, since="2126-01-01T00:00:00Z") == EventsEnd(everything[-1].id)


@pytest.mark.parametrize(
    ("since", "reason"), [("1000000", "the newest event is"), ("1", "are kept no longer")]
)
async def test_whoever_cannot_go_on_without_a_gap_is_told_so(
    playing: Engine, since: str, reason: str
) -> None:
    await playing.sql("UPDATE events_forgotten SET up_to = 2")
    with pytest.raises(WaremindError, match=reason) as refused:
        await all_events(playing, since=since)
    assert refused.value.code is ErrorCode.NOT_FOUND
    assert "--since" in refused.value.hint


async def test_an_id_that_no_event_can_have_is_refused(playing: Engine) -> None:
    with pytest.raises(WaremindError) as refused:
        await all_events(playing, since="9" * 5000)
    assert refused.value.code is ErrorCode.INVALID_INPUT


async def test_a_pattern_that_means_no_type_is_refused(playing: Engine) -> None:
    with pytest.raises(WaremindError, match=r"none of their types"):
        await all_events(playing, types=("acount.*",))
