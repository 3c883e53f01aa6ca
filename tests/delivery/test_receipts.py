"""Receipts: how many people have got a message, and how many have read it."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing

from command import run as run_program
from daemon_process import until
from delivery.conftest import Staging
from delivery.stage import BUDI, Stage

from waremind.requests.run import RunShow

SITI, AGUS = "628220000002", "628220000003"


def called(stage: Stage, names: Mapping[str, tuple[str, str]]) -> None:
    """Have the account's device know people: by what its phone and they themselves call them."""
    account = stage.daemon.show(stage.label).id
    (file,) = (stage.daemon.state / "sessions" / account).glob("*/device.sqlite3")
    with closing(sqlite3.connect(file)) as store, store:
        ((own,),) = store.execute("SELECT jid FROM whatsmeow_device").fetchall()
        rows = [(own, their, full, push) for their, (full, push) in names.items()]
        store.executemany(
            "INSERT INTO whatsmeow_contacts (our_jid, their_jid, full_name, push_name)"
            " VALUES (?, ?, ?, ?)",
            rows,
        )


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


def test_receipts_of_a_kind_unknown_to_the_engine_disturb_no_other_account(
    staging: Staging,
) -> None:
    stage, other = staging(1), staging(1)
    stage.send("whose receipts end each session")
    (message,), others = stage.messages(), other.wait("connected").session
    for number in range(3):
        session = stage.wait("connected").session
        stage.whatsapp.receipt(message, by=stage.phone, kind="server-error")
        until(lambda session=session: stage.daemon.show(stage.label).session > session, "its end")
        assert other.send(f"meanwhile {number}").status == "sent"
    assert stage.wait("connected").attention == []
    assert other.wait("connected").session == others


def test_the_list_of_who_has_it_and_who_has_read_it_is_exact(staging: Staging) -> None:
    stage = staging(0)
    people = [f"62822100000{number:02}" for number in range(14)]
    late, leaving, silent, unread = people[0], people[1], people[2:5], people[5:9]
    lids: dict[str, str] = {}
    for phone in people:
        lids[phone] = stage.whatsapp.user(phone, devices=2 if phone == people[9] else 1)
        kind = "none" if phone in silent else "delivered" if phone in unread else "read"
        stage.whatsapp.behave(phone, receipts=kind)
    jid = stage.group(people[1:])
    stage.sync()
    contacts = {f"{people[5]}@s.whatsapp.net": ("Siti Aminah", "siti")}
    called(stage, contacts | {lids[people[9]]: ("", "a\x1b[2J")})
    stage.sync()
    run = stage.send("who reads this?")
    stage.whatsapp.remove_member(jid, leaving, by=people[1])
    stage.whatsapp.add_member(jid, late, by=people[1])

    def said() -> dict[str, str]:
        shown = stage.daemon.call(RunShow(run=run.id, receipts=True)).run
        (delivery,) = shown.deliveries
        assert isinstance(delivery.receipts, list)
        return {
            each.phone.removeprefix("+"): each.status for each in delivery.receipts if each.phone
        }

    expected = {
        **dict.fromkeys(people, "read"),
        **dict.fromkeys(silent, "nothing"),
        **dict.fromkeys(unread, "delivered"),
        late: "joined_later",
    }
    until(lambda: said() == expected, "the receipts of all members")
    shown = stage.daemon.call(RunShow(run=run.id, receipts=True)).run.deliveries[0].receipts
    assert isinstance(shown, list)
    names = {each.name: each.phone for each in shown}
    assert names.pop(None)
    assert names == {"Siti Aminah": f"+{people[5]}", "a\x1b[2J": f"+{people[9]}"}
    printed = run_program("run", "show", run.id, "--receipts", environment=stage.daemon.environment)
    assert "Siti Aminah" in printed.out
    assert "a\\x1b[2J" in printed.out
    (delivery,) = stage.deliveries()
    assert (delivery.members, delivery.delivered, delivery.read) == (13, 10, 6)
