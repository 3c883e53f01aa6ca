"""Groups that cannot be written to: the delivery ends at once, and its reason says why."""

from __future__ import annotations

from daemon_process import until
from delivery.conftest import Staging
from delivery.stage import BUDI, Stage

from waremind.requests.group import GroupShow


def leave_unnoticed(stage: Stage, jid: str) -> None:
    """Let someone remove the account from a group while it is offline: no event tells it."""
    stage.whatsapp.refuse(stage.phone, 503)
    stage.whatsapp.drop(stage.phone)
    stage.wait("disconnected", "network")
    stage.whatsapp.remove_member(jid, stage.phone, by=BUDI)
    stage.whatsapp.admit(stage.phone)
    stage.wait("connected")


def is_left(stage: Stage, jid: str) -> bool:
    return stage.daemon.call(GroupShow(group=jid)).group.left


def test_a_group_that_was_left_is_missed_and_the_others_get_it(staging: Staging) -> None:
    stage = staging(3)
    gone = stage.groups[1]
    stage.whatsapp.remove_member(gone, stage.phone, by=BUDI)
    until(lambda: is_left(stage, gone), "the group to be left")
    stage.remind()
    assert stage.settled() == {"sent": 2, "missed": 1}
    assert stage.run().reason == "group_left"


def test_a_group_that_was_left_in_mid_batch_is_missed(staging: Staging) -> None:
    stage = staging(4)
    stage.behave(ack_delay=0.4)
    stage.remind()
    stage.arrived(1)
    stage.whatsapp.remove_member(stage.groups[-1], stage.phone, by=BUDI)
    assert stage.settled() == {"sent": 3, "missed": 1}
    assert stage.run().reason == "group_left"


def test_a_group_that_was_left_unnoticed_ends_at_once_and_is_known_from_then_on(
    staging: Staging,
) -> None:
    stage = staging(2)
    gone = stage.groups[0]
    leave_unnoticed(stage, gone)
    assert not is_left(stage, gone)
    stage.remind()
    assert stage.settled() == {"sent": 1, "missed": 1}
    (missed,) = (d for d in stage.deliveries() if d.status == "missed")
    assert (missed.group.jid, missed.reason, missed.attempts) == (gone, "group_left", 1)
    until(lambda: is_left(stage, gone), "the group to be known as left")


def test_a_group_that_was_left_unnoticed_after_a_message_is_missed_too(
    staging: Staging,
) -> None:
    stage = staging(1)
    gone = stage.groups[0]
    stage.send("the engine remembers the group's members from now on")
    leave_unnoticed(stage, gone)
    run = stage.send("to a group that is not ours any more", timeout_seconds=20)
    assert (run.status, run.reason) == ("missed", "group_left")
    until(lambda: is_left(stage, gone), "the group to be known as left")
    run = stage.send("once more")
    assert (run.status, run.reason) == ("missed", "group_left")


def test_a_group_that_never_was_is_missed(staging: Staging) -> None:
    stage = staging(0)
    stage.groups.append("120363999999999999@g.us")
    stage.remind()
    assert stage.settled() == {"missed": 1}
    assert stage.run().reason == "group_left"


def test_only_admins_may_write_to_an_announce_only_group(staging: Staging) -> None:
    stage = staging(0)
    stage.group(announce_only=True, admins=[BUDI])
    stage.sync()
    stage.remind()
    assert stage.settled() == {"failed": 1}
    run = stage.run()
    assert (run.status, run.reason) == ("failed", "announce_only")
    assert "admin" in (run.reason_text or "")


def test_an_admin_may_write_to_an_announce_only_group(staging: Staging) -> None:
    stage = staging(0)
    stage.group(announce_only=True, admins=[BUDI, stage.phone])
    stage.sync()
    assert stage.send("from an admin").status == "sent"
