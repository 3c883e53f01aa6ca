"""Receipts: how many people have got a message, and how many have read it."""

from __future__ import annotations

from daemon_process import until
from delivery.conftest import Staging
from delivery.stage import BUDI, Stage

SITI, AGUS = "628220000002", "628220000003"


def counts(stage: Stage, number: int = 0) -> tuple[int, int]:
    """Count who has got and who has read the message to a group."""
    jid = stage.groups[number]
    (delivery,) = (d for d in stage.deliveries() if d.group.jid == jid)
    return delivery.delivered, delivery.read


def test_receipts_are_counted_for_each_delivery(staging: Staging) -> None:
    stage = staging(0)
    stage.group([BUDI, SITI, AGUS])
    stage.group([BUDI])
    stage.sync()
    stage.send("who reads this?")
    to_many, to_one = sorted(stage.messages(), key=lambda one: stage.groups.index(one.to))
    for reader in (BUDI, SITI, AGUS):
        stage.whatsapp.receipt(to_many, by=reader, kind="delivered")
    stage.whatsapp.receipt(to_many, by=SITI, kind="read")
    stage.whatsapp.receipt(to_many, by=SITI, kind="read")
    until(lambda: counts(stage) == (3, 1), "the receipts to be counted")
    stage.whatsapp.receipt(to_one, by=BUDI, kind="read")
    until(lambda: counts(stage, 1) == (1, 1), "who reads a message to have got it")
    assert counts(stage) == (3, 1)


def test_a_receipt_that_comes_before_the_ack_is_counted(staging: Staging) -> None:
    stage, other = staging(1), staging(1)
    stage.behave(ack_delay=3)
    stage.remind()
    (message,) = stage.arrived(1)
    stage.whatsapp.receipt(message, by=BUDI, kind="delivered")
    stage.whatsapp.receipt(message, by=BUDI, kind="read")
    for text in ("others", "send", "and are", "written", "meanwhile"):
        other.send(text)
    assert stage.statuses() == {"sending": 1}
    assert stage.settled() == {"sent": 1}
    until(lambda: counts(stage) == (1, 1), "the early receipts to be counted")
