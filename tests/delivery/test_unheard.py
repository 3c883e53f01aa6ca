"""What PostgreSQL has taken while the daemon could not hear so is gone on with all the same."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from daemon_process import DaemonProcess, environment, until
from delivery.clockwork import NOBODY, START, Engine, engine
from delivery.clockwork import until as wait_until
from delivery.stage import UNGOVERNED, Stage, stage
from delivery.unheard import WaitingServer, waiting_server
from whatsapp_server.harness import PlayedWhatsApp

from waremind.daemon.accounts.inbox import Unheard as Look
from waremind.daemon.api.handlers import account as accounts
from waremind.errors import ErrorCode, WaremindError
from waremind.requests.account import (
    AccountAdd,
    AccountDelete,
    AccountList,
    AccountRename,
    AccountUnpair,
)
from waremind.requests.core import Request
from waremind.requests.daemon import FreezeSet, Thaw
from waremind.requests.reminder import ReminderAdd
from waremind.requests.run import Send
from waremind.store import accounts as table
from waremind.store.accounts import AccountRow
from waremind.store.database import Connection

WAITING = " pg_stat_activity WHERE wait_event_type = 'Lock'"


@dataclass(frozen=True)
class Unheard:
    """A daemon whose PostgreSQL may take a commit, and never say so."""

    stage: Stage
    server: WaitingServer

    def call(self, request: Request[Any]) -> None:
        """Ask for what is done, while the daemon cannot know that it is."""
        before = self.server.audited()
        while self.server.audited() == before:  # else a cut came before what was asked for
            with self.server.waiting(), ThreadPoolExecutor(1) as operator:
                asking = operator.submit(self.stage.daemon.call, request)
                while not asking.done():
                    self.server.cut()
            with pytest.raises(WaremindError) as refused:
                asking.result()
            assert refused.value.code is ErrorCode.DATABASE_UNAVAILABLE


@pytest.fixture(scope="module")
def unheard() -> Iterator[Unheard]:
    with (
        PlayedWhatsApp() as whatsapp,
        waiting_server() as server,
        DaemonProcess(environment(whatsapp, server.dsn) | UNGOVERNED) as daemon,
    ):
        yield Unheard(stage(daemon, whatsapp, server.dsn, groups=1), server)


def test_what_was_taken_and_not_heard_of_leaves_all_the_same(unheard: Unheard) -> None:
    made = unheard.stage
    unheard.call(Send(account=made.label, to=made.groups, text="hello"))
    shows(made, "hello")


def test_a_reminder_that_was_taken_and_not_heard_of_fires_in_time(unheard: Unheard) -> None:
    made = unheard.stage
    due_at = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=5)
    content = {"to": made.groups, "text": "in time", "at": due_at.isoformat()}
    unheard.call(ReminderAdd(name="in time", account=made.label, **content))
    shows(made, "in time")
    started_at = made.runs()[0].started_at
    assert started_at
    assert datetime.fromisoformat(started_at) - due_at < timedelta(seconds=1)


def test_a_thaw_that_was_taken_and_not_heard_of_lets_go(unheard: Unheard) -> None:
    made = unheard.stage
    made.daemon.call(FreezeSet())
    made.remind(text="held")
    made.has("held")
    unheard.call(Thaw(held="once"))
    shows(made, "held")


def test_accounts_are_as_they_were_made_renamed_unpaired_and_deleted_without_being_heard(
    unheard: Unheard,
) -> None:
    label = unheard.stage.label
    unheard.call(AccountAdd(label="sales"))
    stand(unheard, {label: "connected", "sales": "unpaired"})
    unheard.call(AccountRename(account="sales", label="people"))
    stand(unheard, {label: "connected", "people": "unpaired"})
    unheard.stage.daemon.pair("people", unheard.stage.whatsapp, "628119")
    unheard.call(AccountUnpair(account="people"))
    stand(unheard, {label: "connected", "people": "unpaired"})
    unheard.call(AccountDelete(account="people"))
    stand(unheard, {label: "connected"})


@pytest.mark.anyio
async def test_what_was_not_heard_of_while_another_cut_is_looked_after_is_found_at_once(
    dsn: str, tmp_path: Path
) -> None:
    async with engine(dsn, tmp_path) as playing:
        await playing.freeze()
        await playing.add("held", at="2026-03-02T08:01:00")
        await playing.pass_to(START + timedelta(minutes=1))
        await cut(playing)
        for pause in (1, 10):
            at = playing.clock.now() + timedelta(seconds=pause)
            await looks_at(playing, at)
            playing.clock.pass_to(at)
        await looks_at(playing, playing.clock.now() + timedelta(minutes=1))
        await playing.sql("DELETE FROM freezes")
        await playing.sql("UPDATE deliveries SET status = 'scheduled', reason = NULL")
        await cut(playing)
        await playing.wait_for("SELECT 1 FROM deliveries WHERE status = 'sent'")


@pytest.mark.anyio
async def test_an_account_that_was_deleted_unheard_is_never_listed_as_deleted(
    dsn: str, tmp_path: Path
) -> None:
    async with engine(dsn, tmp_path) as playing:
        await looks_of_a_deleted_account_wait(playing)
        while playing.daemon.accounts.find("ops"):
            await accounts.list_(playing.daemon, NOBODY, AccountList())
            await asyncio.sleep(0)


async def looks_of_a_deleted_account_wait(playing: Engine) -> None:
    """Delete the account unheard, and have it look twice at that as soon as it can."""
    account = playing.daemon.accounts.get("ops")
    async with playing.connection.transaction():
        await playing.sql("LOCK accounts")
        for _ in range(2):
            account.post(Look(account.row.session))
        await playing.wait_for("SELECT 1 FROM" + WAITING)
        await playing.sql("SELECT pg_terminate_backend(pid) FROM" + WAITING)
        await playing.sql("DELETE FROM accounts")


@pytest.mark.anyio
async def test_an_account_that_is_deleted_while_it_is_looked_for_does_not_come_back(
    dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with engine(dsn, tmp_path) as playing:
        read = table.select_of

        async def read_before_it_is_deleted(connection: Connection, node: str) -> list[AccountRow]:
            rows = await read(connection, node)
            await accounts.delete(playing.daemon, NOBODY, AccountDelete(account="ops"))
            return rows

        monkeypatch.setattr(table, "select_of", read_before_it_is_deleted)
        await playing.daemon.accounts.look_again()
        assert not playing.daemon.accounts.rows()


async def cut(playing: Engine) -> None:
    """Cut a connection of the daemon's while somebody works with it."""
    with suppress(WaremindError):
        async with playing.daemon.runtime.database.connection() as connection:
            await connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")


async def looks_at(playing: Engine, at: datetime) -> None:
    """Wait until it is known that the next look is at a time."""

    async def is_known() -> bool:
        return playing.clock.sleepers[at] > 0

    await wait_until(is_known)


def shows(made: Stage, text: str) -> None:
    """Wait until the phones of the group have a text, and have it once."""
    group = made.groups[0]
    until(lambda: made.shown()[text, group], f"{text} to arrive")
    assert made.settled()["sent"] == len(made.deliveries())
    assert made.shown()[text, group] == 1


def stand(unheard: Unheard, wanted: dict[str, str]) -> None:
    """Wait until the accounts, by label, have these statuses."""
    daemon = unheard.stage.daemon

    def are() -> bool:
        accounts = daemon.call(AccountList(all=True)).accounts
        return {one.label: one.status for one in accounts} == wanted

    until(are, f"the accounts to be {wanted}")
