"""A batch whose connection, session, daemon or PostgreSQL is lost midway arrives whole, and once.

What was in the air at that moment may be unknown; it is never sent again by itself.
"""

from __future__ import annotations

import os
import signal

import pytest
from delivery.conftest import Staging
from delivery.stage import Stage

from waremind.errors import ErrorCode, WaremindError
from waremind.requests.account import AccountReconnect
from waremind.requests.run import ReminderRun, RunResolve, RunShow, Send

GROUPS = 6


def begin(stage: Stage) -> None:
    """Let a batch begin, slowly: return in the middle of it."""
    stage.behave(ack_delay=0.1)
    stage.remind()
    stage.arrived(2)


def everything_once(stage: Stage, *, unknown: int) -> None:
    """Check that each group has the message once, or its delivery says that nobody knows."""
    statuses = stage.settled()
    assert statuses.total() == len(stage.groups)
    assert set(statuses) <= {"sent", "unknown"}
    assert statuses["unknown"] <= unknown
    shown = stage.shown()
    assert set(shown.values()) == {1}
    said_sent = {d.group.jid for d in stage.deliveries() if d.status == "sent"}
    assert said_sent <= {group for _, group in shown}


def test_a_connection_that_is_cut_in_mid_batch_loses_and_doubles_nothing(staging: Staging) -> None:
    stage = staging(GROUPS)
    begin(stage)
    stage.whatsapp.drop(stage.phone)
    everything_once(stage, unknown=1)


def test_what_falls_due_while_whatsapp_is_away_is_sent_when_it_is_back(staging: Staging) -> None:
    stage = staging(2)
    stage.whatsapp.refuse(stage.phone, 503)
    stage.whatsapp.drop(stage.phone)
    stage.wait("disconnected", "network")
    stage.remind()
    stage.has("scheduled", 2)
    stage.whatsapp.admit(stage.phone)
    assert stage.settled() == {"sent": 2}


def test_what_cannot_be_sent_until_the_grace_ends_has_failed_and_says_why(staging: Staging) -> None:
    stage = staging(2)
    stage.whatsapp.refuse(stage.phone, 503)
    stage.whatsapp.drop(stage.phone)
    stage.wait("disconnected", "network")
    # Fired now: one that is due may be claimed too late for so short a grace on a busy machine.
    yearly = stage.remind(rrule="FREQ=YEARLY", start="2026-01-01T00:00", grace_seconds=1)
    stage.daemon.call(ReminderRun(reminder=yearly.id, wait=False))
    assert stage.settled() == {"failed": 2}
    assert stage.reasons() == {"not_connected"}
    assert stage.messages() == []


def test_a_server_error_fails_that_message_alone_and_names_the_error(staging: Staging) -> None:
    stage = staging(2)
    with stage.behaving(ack_error=479):
        stage.remind()
        assert stage.settled() == {"failed": 2}
    run = stage.run()
    assert (run.status, run.reason) == ("failed", "refused_479")
    assert "479" in (run.reason_text or "")
    assert [delivery.attempts for delivery in run.deliveries] == [1, 1]
    assert stage.send("after that").status == "sent"


def test_a_child_that_is_killed_in_mid_send_leaves_what_nobody_knows(staging: Staging) -> None:
    stage = staging(GROUPS)
    stage.behave(ack_messages=False)
    stage.remind()
    stage.arrived(1)
    stage.behave(ack_messages=True)
    os.kill(stage.daemon.child(stage.daemon.show(stage.label).id), signal.SIGKILL)
    everything_once(stage, unknown=1)
    assert stage.statuses()["unknown"] == 1
    run = stage.run()
    assert (run.status, run.reason) == ("unknown", "interrupted")


def test_a_session_that_is_ended_in_mid_send_leaves_what_nobody_knows(staging: Staging) -> None:
    stage = staging(1)
    stage.behave(ack_messages=False)
    stage.remind()
    stage.arrived(1)
    stage.daemon.call(AccountReconnect(account=stage.label))
    assert stage.settled() == {"unknown": 1}
    assert len(stage.messages()) == 1


def test_an_operator_says_what_became_of_the_unknown_and_it_is_not_sent_again(
    staging: Staging,
) -> None:
    stage = staging(1)
    stage.behave(ack_messages=False)
    waiting = stage.daemon.tell(Send(account=stage.label, to=stage.groups, text="is it there?"))
    stage.arrived(1)
    stage.daemon.call(AccountReconnect(account=stage.label))
    with waiting:
        stage.settled()
    (run,) = stage.runs()
    resolved = stage.daemon.call(RunResolve(run=run.id, outcome="failed"))
    assert resolved.changed
    assert stage.daemon.call(RunShow(run=run.id)).run.status == "failed"
    with pytest.raises(WaremindError) as conflict:
        stage.daemon.call(RunResolve(run=run.id, outcome="sent"))
    assert conflict.value.code is ErrorCode.CONFLICT
    stage.behave(ack_messages=True)
    stage.wait("connected")
    assert stage.send("something else").status == "sent"
    assert [one.text for one in stage.messages()] == ["is it there?", "something else"]


def test_a_daemon_that_is_killed_in_mid_batch_goes_on_where_it_was(alone: Staging) -> None:
    stage = alone(GROUPS)
    begin(stage)
    stage.daemon.kill()
    stage.daemon.start()
    everything_once(stage, unknown=1)


def test_a_daemon_that_is_stopped_in_mid_batch_goes_on_and_knows_everything(
    alone: Staging,
) -> None:
    stage = alone(GROUPS)
    begin(stage)
    stage.daemon.stop()
    stage.daemon.start()
    everything_once(stage, unknown=0)
