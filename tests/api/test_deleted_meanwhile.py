"""What a request refers to is deleted, or changed, between its check and its write."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Coroutine
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pytest
from delivery.clockwork import NOBODY, Engine, engine

from waremind.daemon.api.handlers import account as accounts
from waremind.daemon.api.handlers import calendar as calendars
from waremind.daemon.api.handlers import reminder as reminders
from waremind.daemon.api.handlers import run as runs
from waremind.errors import ErrorCode, WaremindError
from waremind.requests.account import AccountDelete, AccountSync
from waremind.requests.calendar import CalendarRefresh, CalendarSet
from waremind.requests.reminder import ReminderEdit
from waremind.requests.run import ReminderRun, Send
from waremind.store import accounts as accounts_table
from waremind.store import calendars as calendars_table
from waremind.store.accounts import AccountRow
from waremind.store.database import Connection, referred_to

WAITS = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
DAILY = {"rrule": "FREQ=DAILY", "start": "2026-04-01T09:00"}
DELETE_ACCOUNT = "DELETE FROM accounts"
DELETE_REMINDER = "DELETE FROM reminders"
DELETE_CALENDAR = "DELETE FROM calendars"
CHANGE_CALENDAR = """
    WITH changed AS (SELECT id FROM calendars FOR UPDATE)
    INSERT INTO calendar_days SELECT id, '2026-04-01', '' FROM changed
"""


async def refused(
    playing: Engine, dsn: str, deletion: LiteralString, work: Coroutine[Any, Any, object]
) -> WaremindError:
    """Do some work while somebody deletes what it has found already; returns how it ends."""
    async with await psycopg.AsyncConnection.connect(dsn) as other:
        await other.execute(deletion)
        working = asyncio.create_task(work)
        await playing.wait_for(WAITS)
    with pytest.raises(WaremindError) as ended:
        await working
    return ended.value


def is_not_found(ended: WaremindError, noun: str) -> bool:
    message = f"cannot go on: the {noun} was deleted at this moment"
    told = (ended.code, ended.message, ended.hint)
    return told == (ErrorCode.NOT_FOUND, message, f"waremind {noun} list")


NOUNS = {
    "accounts": "account",
    "calendars": "calendar",
    "commands": None,  # nobody but nodes knows of them
    "deliveries": "run",
    "media": None,  # what is sent is named by its file
    "nodes": "node",
    "reminders": "reminder",
    "runs": "run",
    "whatsapp_groups": "group",
}


async def test_each_foreign_key_says_what_it_refers_to(dsn: str, tmp_path: Path) -> None:
    query = "SELECT conname, confrelid::regclass::text FROM pg_constraint WHERE contype = 'f'"
    async with engine(dsn, tmp_path) as playing:
        keys = await playing.sql(query)
    assert {table for _, table in keys} == NOUNS.keys()
    assert [referred_to(name) for name, _ in keys] == [NOUNS[table] for _, table in keys]


async def test_a_reminder_of_an_account_that_is_deleted_at_that_moment_is_not_made(
    dsn: str, tmp_path: Path
) -> None:
    async with engine(dsn, tmp_path) as playing:
        ended = await refused(playing, dsn, DELETE_ACCOUNT, playing.add("daily", **DAILY))
        assert is_not_found(ended, "account")
        assert await playing.sql("SELECT 1 FROM audit_log") == []


async def test_nothing_is_sent_by_an_account_that_is_deleted_at_that_moment(
    dsn: str, tmp_path: Path
) -> None:
    request = Send(account="ops", to=["1@g.us"], text="now")
    async with engine(dsn, tmp_path) as playing:
        work = runs.send(playing.daemon, NOBODY, request)
        assert is_not_found(await refused(playing, dsn, DELETE_ACCOUNT, work), "account")
        assert playing.sent == []


async def test_a_reminder_that_is_deleted_at_that_moment_does_not_fire(
    dsn: str, tmp_path: Path
) -> None:
    async with engine(dsn, tmp_path) as playing:
        await playing.add("daily", **DAILY)
        work = runs.run_reminder(playing.daemon, NOBODY, ReminderRun(reminder="daily"))
        assert is_not_found(await refused(playing, dsn, DELETE_REMINDER, work), "reminder")
        assert playing.sent == []


async def test_a_sync_of_an_account_that_is_deleted_at_that_moment_finds_none(
    dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with engine(dsn, tmp_path) as playing:
        ask = accounts_table.holds_session

        async def ask_when_it_is_gone(connection: Connection, row: AccountRow, number: int) -> bool:
            monkeypatch.undo()
            await accounts.delete(playing.daemon, NOBODY, AccountDelete(account="ops"))
            return await ask(connection, row, number)

        monkeypatch.setattr(accounts_table, "holds_session", ask_when_it_is_gone)
        with pytest.raises(WaremindError) as ended:
            await accounts.sync(playing.daemon, NOBODY, AccountSync(account="ops"))
        assert ended.value.code is ErrorCode.NOT_FOUND


async def test_keys_that_are_left_while_others_are_listed_do_not_end_the_daemon(
    dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with engine(dsn, tmp_path) as playing:
        account = playing.daemon.accounts.get("ops")
        places = [tmp_path / "sessions" / account.row.id / device for device in ("7", "8")]
        exists = Path.exists

        def leave(place: Path) -> None:
            place.mkdir(parents=True)
            account.effects.sweep()

        def exists_while_others_are_left(place: Path) -> bool:
            monkeypatch.setattr(Path, "exists", exists)
            leave(places[1])
            return place.exists()

        monkeypatch.setattr(shutil, "rmtree", lambda *_, **__: None)  # as one that may not
        leave(places[0])
        monkeypatch.setattr(Path, "exists", exists_while_others_are_left)
        for seen in (1, 2):
            left = playing.daemon.accounts.keys_left()
            assert [path for path, _ in left] == places[:seen]


@pytest.fixture
async def feasts(dsn: str, tmp_path: Path) -> AsyncIterator[Engine]:
    """Run an engine that has a calendar."""
    async with engine(dsn, tmp_path) as playing:
        request = CalendarSet(name="feasts", days="2026-12-25")
        await calendars.write(playing.daemon, NOBODY, request)
        yield playing


async def test_a_calendar_that_is_deleted_at_that_moment_is_not_made_again(
    feasts: Engine, dsn: str
) -> None:
    request = CalendarRefresh(calendar="feasts", days="2026-12-26")
    work = calendars.refresh(feasts.daemon, NOBODY, request)
    ended = await refused(feasts, dsn, DELETE_CALENDAR, work)
    assert ended.code is ErrorCode.NOT_FOUND
    assert await feasts.sql("SELECT 1 FROM calendars") == []


@pytest.mark.parametrize(
    ("meanwhile", "code"),
    [(CHANGE_CALENDAR, ErrorCode.CONFLICT), (DELETE_CALENDAR, ErrorCode.NOT_FOUND)],
    ids=["changed", "deleted"],
)
async def test_a_reminder_keeps_no_calendar_that_is_another_at_that_moment(
    feasts: Engine, dsn: str, meanwhile: LiteralString, code: ErrorCode
) -> None:
    ended = await refused(feasts, dsn, meanwhile, feasts.add("daily", **DAILY, off=["feasts"]))
    assert ended.code is code
    assert await feasts.sql("SELECT 1 FROM reminders") == []


async def test_a_calendar_changes_while_a_reminder_that_kept_it_lets_go_of_it(
    feasts: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    await feasts.add("daily", **DAILY, off=["feasts"])
    read = calendars_table.keepers

    async def read_before_it_lets_go(connection: Connection, calendar: str) -> list[str]:
        monkeypatch.undo()
        found = await read(connection, calendar)
        await reminders.edit(feasts.daemon, NOBODY, ReminderEdit(reminder="daily", off=[""]))
        return found

    monkeypatch.setattr(calendars_table, "keepers", read_before_it_lets_go)
    request = CalendarSet(name="feasts", days="2026-12-26")
    assert (await calendars.write(feasts.daemon, NOBODY, request)).changed
    assert (await feasts.show("daily")).off == []
