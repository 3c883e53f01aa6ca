"""PostgreSQL goes away and comes back."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg
import pytest
from accounts.stage import Stage, stage
from daemon_process import DaemonProcess, environment, steady, until
from postgres_fixtures import OwnServer, own_server
from store.sqlstates import AT_WRITING, Refusing
from whatsapp_server.harness import PlayedWhatsApp

from waremind.errors import ErrorCode, WaremindError
from waremind.requests.account import AccountAdd, AccountUnpair
from waremind.requests.core import Request
from waremind.requests.daemon import AuditList


@dataclass
class Outage:
    """A PostgreSQL of a test's own that can be gone for a while, and an account stored there."""

    server: OwnServer
    stage: Stage

    def begin(self) -> None:
        self.server.stop()

    def end(self) -> None:
        self.server.start()


@pytest.fixture
def outage(played_whatsapp: PlayedWhatsApp) -> Iterator[Outage]:
    with (
        own_server() as server,
        DaemonProcess(environment(played_whatsapp, server.start())) as daemon,
    ):
        yield Outage(server, stage(daemon, played_whatsapp))


def test_what_whatsapp_says_during_an_outage_is_kept_until_it_can_be_written(
    outage: Outage,
) -> None:
    there = outage.stage
    there.pair()
    outage.begin()
    there.whatsapp.unlink(there.phone)
    until(lambda: "write what account" in there.daemon.log, "the daemon to try")
    assert there.account.status == "connected"  # nothing is said that is not written
    outage.end()
    there.wait("unpaired", "logged_out")
    until(lambda: there.files == [], "the files to go")


def test_what_whatsapp_says_while_the_server_fails_by_itself_is_kept(outage: Outage) -> None:
    there = outage.stage
    there.pair()
    refusing = Refusing.play(outage.server.server.dsn, AT_WRITING)
    with refusing.connection:
        refusing.say("XX000")
        there.whatsapp.unlink(there.phone)
        until(lambda: "write what account" in there.daemon.log, "the daemon to try")
        refusing.say(None)
        there.wait("unpaired", "logged_out")


def test_commands_during_an_outage_say_so_and_change_nothing(outage: Outage) -> None:
    there = outage.stage
    account = there.pair()
    outage.begin()
    asked = [AccountAdd(label="new"), AccountUnpair(account=there.label), AuditList()]
    with ThreadPoolExecutor(len(asked)) as threads:
        refusals = list(threads.map(lambda request: refusal(there, request), asked))
    assert [error and error.code for error in refusals] == [ErrorCode.DATABASE_UNAVAILABLE] * 3
    assert there.account.status == "connected"
    assert there.whatsapp.state().online
    outage.end()
    assert there.wait("connected", "ok").session == account.session
    until(lambda: not refusal(there, AccountUnpair(account=there.label)), "unpair to be taken")
    there.whatsapp.wait_unlinked(there.phone)


def test_a_daemon_without_its_database_is_stopped_in_time(outage: Outage) -> None:
    outage.stage.pair()
    outage.begin()
    start = time.monotonic()
    assert outage.stage.daemon.stop() == 0
    assert time.monotonic() - start < 10
    assert outage.stage.daemon.processes() == {}
    outage.end()


def refusal(there: Stage, request: Request[Any]) -> WaremindError | None:
    """Ask; returns the error, if it is one."""
    try:
        there.daemon.call(request)
    except WaremindError as error:
        return error
    return None


@dataclass
class Stored:
    """A connected account, and its row for whoever writes behind the daemon's back."""

    dsn: str
    stage: Stage

    def write(self, statement: LiteralString) -> None:
        with psycopg.connect(self.dsn) as connection:
            connection.execute(statement)


@pytest.fixture
def stored(dsn: str, played_whatsapp: PlayedWhatsApp) -> Iterator[Stored]:
    with DaemonProcess(environment(played_whatsapp, dsn)) as daemon:
        there = stage(daemon, played_whatsapp)
        there.pair()
        yield Stored(dsn, there)


def test_a_row_that_was_written_behind_the_daemon_s_back_is_gone_on_from(stored: Stored) -> None:
    # As when PostgreSQL has committed an unpair and died before it could say so.
    stored.write("UPDATE accounts SET state = 'unpairing', session = session + 1")
    unpaired = stored.stage.daemon.unpair(stored.stage.label)
    assert not unpaired.changed
    assert unpaired.account.status == "unpaired"
    stored.stage.whatsapp.wait_unlinked(stored.stage.phone)
    until(lambda: stored.stage.files == [], "the files to go")
    assert steady(lambda: stored.stage.account.status) == "unpaired"


def test_an_account_that_was_deleted_behind_the_daemon_s_back_is_gone(stored: Stored) -> None:
    account = stored.stage.account.id
    stored.write("DELETE FROM accounts")
    with pytest.raises(WaremindError) as gone:
        stored.stage.daemon.unpair(stored.stage.label)
    assert gone.value.code is ErrorCode.NOT_FOUND
    stored.stage.whatsapp.wait_offline(stored.stage.phone)
    until(lambda: stored.stage.daemon.directories(account) == [], "the files to go")
