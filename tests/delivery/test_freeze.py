"""A freeze stops what leaves within one message an account; a thaw judges what it held."""

from __future__ import annotations

from collections import Counter

import pytest
from daemon_process import until
from delivery.conftest import Staging
from delivery.stage import OPEN, Stage, moment

from waremind.objects import MisfireRule
from waremind.requests.daemon import FreezeSet, Status, Thaw

GROUPS = 6


def begin(*stages: Stage) -> None:
    """Let a batch of each account begin, slowly: return in the middle of them."""
    for stage in stages:
        stage.behave(ack_delay=0.2)
        stage.remind()
    for stage in stages:
        stage.arrived(1)


def at_rest(stage: Stage) -> int:
    """Wait until nothing is under way, and count what reached WhatsApp."""
    until(lambda: not OPEN & set(stage.statuses()), f"{stage.label} to be at rest")
    return len(stage.messages())


def test_a_freeze_in_mid_batch_lets_at_most_one_more_message_of_each_account_leave(
    alone: Staging,
) -> None:
    stages = [alone(GROUPS), alone(GROUPS)]
    begin(*stages)
    stages[0].daemon.call(FreezeSet(reason="wrong text"))
    frozen_at = [len(stage.messages()) for stage in stages]
    for stage, before in zip(stages, frozen_at, strict=True):
        assert at_rest(stage) <= before + 1
        statuses = stage.statuses()
        assert statuses.total() == GROUPS
        assert statuses["held"] >= 1
        assert {d.reason for d in stage.deliveries() if d.status == "held"} == {"frozen"}


def test_a_freeze_survives_a_restart_and_holds_what_falls_due_after_it(alone: Staging) -> None:
    stage = alone(GROUPS)
    begin(stage)
    stage.daemon.call(FreezeSet())
    before = at_rest(stage)
    stage.daemon.kill()
    stage.daemon.start()
    stage.wait("connected")
    held = stage.statuses()["held"]
    stage.remind()
    stage.has("held", held + GROUPS)
    assert stage.daemon.call(Status()).frozen is not None
    assert len(stage.messages()) == before


def test_a_freeze_of_one_account_does_not_concern_another(staging: Staging) -> None:
    frozen, free = staging(GROUPS), staging(1)
    begin(frozen)
    frozen.daemon.call(FreezeSet(account=frozen.label))
    assert free.send("I am free").status == "sent"
    before = at_rest(frozen)
    assert before < GROUPS
    assert frozen.daemon.call(Thaw(account=frozen.label, held="all")).released == 1
    assert frozen.settled() == {"sent": GROUPS}
    assert set(frozen.shown().values()) == {1}


@pytest.mark.parametrize(
    ("held", "statuses"),
    [
        ("skip", {"missed": 2, "sent": 1}),
        ("once", {"missed": 2, "sent": 1}),
        ("all", {"sent": 3}),
    ],
)
def test_a_thaw_sends_what_is_within_grace_and_of_the_late_what_it_is_told(
    staging: Staging, held: MisfireRule, statuses: dict[str, int]
) -> None:
    stage = staging(1)
    stage.daemon.call(FreezeSet(account=stage.label))
    start = moment(hours=-5, minutes=-30).removesuffix("+00:00")
    reminder = stage.remind(rrule="FREQ=HOURLY", start=start, grace_seconds=3600, misfire="all")
    stage.sql(
        "UPDATE reminders SET next_at = next_at - interval '3 hours',"
        " fires_at = next_at - interval '3 hours',"
        " next_nominal = next_nominal - interval '3 hours' WHERE id = %s",
        reminder.id,
    )
    stage.remind(at=moment(days=1))  # wakes the scheduler
    stage.has("held", 3)
    stage.daemon.call(Thaw(account=stage.label, held=held))
    assert stage.settled() == Counter(statuses)


def test_what_a_thaw_leaves_of_the_late_is_missed_because_it_was_frozen(staging: Staging) -> None:
    stage = staging(2)
    stage.daemon.call(FreezeSet(account=stage.label))
    stage.remind(at=moment(seconds=1), grace_seconds=30)
    stage.has("held", 2)
    until(lambda: moment() > stage.run().occurs_at, "it to be due")
    stage.sql(
        "UPDATE runs SET occurs_at = occurs_at - interval '1 minute' WHERE id = %s", stage.run().id
    )
    stage.daemon.call(Thaw(account=stage.label))
    assert stage.settled() == {"missed": 2}
    assert stage.run().reason == "frozen"
    assert stage.messages() == []


def test_what_was_frozen_and_then_unpaired_is_sent_after_thaw_and_pairing(staging: Staging) -> None:
    stage = staging(2)
    stage.daemon.call(FreezeSet(account=stage.label))
    stage.remind()
    stage.has("held", 2)
    stage.daemon.unpair(stage.label)
    stage.daemon.call(Thaw(account=stage.label))
    assert (stage.statuses(), stage.reasons()) == ({"held": 2}, {"unpaired"})
    stage.pair()
    assert stage.settled() == {"sent": 2}


def test_what_was_unpaired_and_then_frozen_is_sent_after_pairing_and_thaw(staging: Staging) -> None:
    stage = staging(2)
    stage.daemon.unpair(stage.label)
    stage.remind()
    stage.has("held", 2)
    stage.daemon.call(FreezeSet(account=stage.label))
    stage.pair()
    until(lambda: stage.reasons() == {"frozen"}, "what is held to be held by the freeze")
    stage.daemon.call(Thaw(account=stage.label))
    assert stage.settled() == {"sent": 2}
