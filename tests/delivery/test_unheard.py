"""What PostgreSQL has taken while the daemon could not hear so is gone on with all the same."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from daemon_process import DaemonProcess, environment, until
from delivery.stage import UNGOVERNED, Stage, stage
from delivery.unheard import WaitingServer, waiting_server
from whatsapp_server.harness import PlayedWhatsApp

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


@dataclass(frozen=True)
class Unheard:
    """A daemon whose PostgreSQL may take a commit, and never say so."""

    stage: Stage
    server: WaitingServer

    def call(self, request: Request[Any]) -> None:
        """Ask for what is done, while the daemon cannot know that it is."""
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
