"""The breaker: WhatsApp says "no more", or bans; what is due is held, and judged afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

import pytest
from daemon_process import DaemonProcess, environment, until
from delivery.conftest import Staging
from delivery.stage import UNGOVERNED, Stage, moment, stage
from postgres_fixtures import Postgres
from whatsapp_server.harness import PlayedWhatsApp

from waremind.requests.account import AccountReconnect

GROUPS = 3
HOLD_SECONDS = 5


@pytest.fixture(scope="module")
def brief_holds(
    shared_whatsapp: PlayedWhatsApp, postgres: Postgres, migrated_template: str
) -> Iterator[Staging]:
    """Pair accounts on a daemon whose breaker closes again soon."""
    hold = {"WAREMIND_GOVERNOR__HOLD_SECONDS": str(HOLD_SECONDS)}
    with (
        postgres.database(migrated_template) as dsn,
        DaemonProcess(environment(shared_whatsapp, dsn) | UNGOVERNED | hold) as daemon,
    ):
        yield lambda groups: stage(daemon, shared_whatsapp, dsn, groups)


@pytest.fixture
def restricted(brief_holds: Staging) -> Stage:
    """Give an account that WhatsApp has just told to send no more, in the middle of a batch."""
    made = brief_holds(GROUPS)
    with made.behaving(ack_error=463):
        made.remind()
        made.has("held", GROUPS)
    return made


def ended(stage: Stage, **statuses: int) -> None:
    """Wait until the deliveries stand as given."""
    until(lambda: stage.statuses() == Counter(statuses), f"{stage.label} to be {statuses}")


def all_sent_after_the_hold(stage: Stage, number: int) -> None:
    """Check that so many messages were sent, each once, and none of them too early."""
    ended(stage, sent=number)
    refused, *sent = stage.messages()
    assert min(message.at for message in sent) >= refused.at + HOLD_SECONDS
    assert set(stage.shown().values()) == {1}


def test_a_rate_refusal_holds_all_that_is_due_and_says_until_when(restricted: Stage) -> None:
    account = restricted.wait("connected", "restricted")
    assert account.restricted_until is not None
    run = restricted.run()
    assert (run.status, run.reason) == ("held", "restricted")
    (refused,) = restricted.messages()
    assert refused.refused == 463
    until_when = datetime.fromisoformat(account.restricted_until).timestamp()
    assert until_when == pytest.approx(refused.at + HOLD_SECONDS, abs=2)


def test_nothing_leaves_until_the_hold_is_over_and_then_all_of_it_once(restricted: Stage) -> None:
    restricted.remind()
    all_sent_after_the_hold(restricted, 2 * GROUPS)
    assert restricted.wait("connected", "ok").restricted_until is None


def test_what_is_late_when_the_hold_is_over_goes_by_the_misfire_rule(restricted: Stage) -> None:
    late = {"at": moment(seconds=1), "grace_seconds": 2, "to": restricted.groups[:1]}
    reminders = {rule: restricted.remind(misfire=rule, **late) for rule in ("skip", "once", "all")}
    ended(restricted, sent=GROUPS + 2, missed=1)
    became = {run.reminder: (run.status, run.reason) for run in restricted.runs()}
    assert became[reminders["skip"].name] == ("missed", "restricted")
    assert became[reminders["once"].name] == ("sent", None)
    assert became[reminders["all"].name] == ("sent", None)


def test_a_restart_neither_ends_a_hold_nor_forgets_it(restricted: Stage) -> None:
    restricted.daemon.stop()
    restricted.daemon.start()
    all_sent_after_the_hold(restricted, GROUPS)


def test_a_reconnect_neither_ends_a_hold_nor_forgets_it(restricted: Stage) -> None:
    restricted.daemon.call(AccountReconnect(account=restricted.label))
    all_sent_after_the_hold(restricted, GROUPS)


def test_another_account_goes_on_while_one_is_held(restricted: Stage, brief_holds: Staging) -> None:
    other = brief_holds(1)
    assert other.send("I am not restricted").status == "sent"
    assert restricted.run().status == "held"


def test_a_temporary_ban_in_mid_batch_holds_the_rest_until_it_has_ended(staging: Staging) -> None:
    stage = staging(6)
    stage.behave(ack_delay=0.1)
    stage.remind()
    stage.arrived(2)
    stage.whatsapp.ban(stage.phone, expire_seconds=3)
    banned = stage.wait("banned", "temporary_ban")
    assert banned.banned_until is not None
    stage.has("held", 3)
    held = [delivery for delivery in stage.deliveries() if delivery.status == "held"]
    assert {delivery.reason for delivery in held} == {"banned"}
    before = len(stage.messages())
    stage.remind()
    stage.has("held", len(held) + 6)
    assert len(stage.messages()) == before
    stage.whatsapp.admit(stage.phone)
    stage.wait("connected")
    until(lambda: not stage.statuses()["held"], "what was held to be released")
    assert set(stage.settled()) <= {"sent", "unknown"}
    assert set(stage.shown().values()) == {1}


def test_a_ban_for_good_in_mid_batch_holds_the_rest(staging: Staging) -> None:
    stage = staging(6)
    stage.behave(ack_delay=0.1)
    stage.remind()
    stage.arrived(2)
    stage.whatsapp.refuse(stage.phone, 406)
    stage.whatsapp.drop(stage.phone)
    stage.wait("banned", "banned")
    stage.has("held", 3)
    assert {d.reason for d in stage.deliveries() if d.status == "held"} == {"banned"}
    assert stage.run().status == "held"
