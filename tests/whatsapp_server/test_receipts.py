"""Receipts of members with several devices each: what the real neonize hears."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from whatsapp_server.behaviour import Addressing, ReceiptKind
from whatsapp_server.client import Client, Line
from whatsapp_server.harness import PlayedWhatsApp
from whatsapp_server.records import Message

BUDI, SITI, TONO = "6282200000001", "6282200000002", "6282200000003"


@pytest.fixture
def group(played_whatsapp: PlayedWhatsApp, me: str) -> str:
    played_whatsapp.user(BUDI, "Budi", devices=3)
    return played_whatsapp.group("Ops", [me, BUDI, SITI], admins=[BUDI])


def say(whatsapp: PlayedWhatsApp, account: Client, to: str) -> Message:
    account.call("send", to=to, text="halo")
    return whatsapp.messages()[-1]


def heard(account: Client, count: int) -> list[Line]:
    """Wait for so many receipts; return what each one says."""
    return [line["fields"] for line in account.wait_all("Receipt", count)]


def givers(receipts: list[Line]) -> Counter[str]:
    """Return how many receipts each person gave, by whatever they are named."""
    return Counter(one["MessageSource"]["Sender"]["User"] for one in receipts)


def lid(whatsapp: PlayedWhatsApp, phone: str) -> str:
    return whatsapp.user(phone).split("@")[0]


def test_every_device_of_a_member_says_that_it_got_the_message(
    played_whatsapp: PlayedWhatsApp, account: Client, group: str
) -> None:
    message = say(played_whatsapp, account, group)
    assert played_whatsapp.receipts(message) == 4
    receipts = heard(account, 4)
    budi, siti = lid(played_whatsapp, BUDI), lid(played_whatsapp, SITI)
    assert givers(receipts) == {budi: 3, siti: 1}
    devices = {one["MessageSource"]["Sender"].get("Device", 0) for one in receipts}
    assert devices == {0, 40, 41}
    assert {one["Type"] for one in receipts} == {"DELIVERED"}


@pytest.mark.parametrize(("addressing", "server"), [("lid", "lid"), ("pn", "s.whatsapp.net")])
def test_a_member_is_named_by_lid_or_by_phone_number(
    played_whatsapp: PlayedWhatsApp,
    account: Client,
    group: str,
    addressing: Addressing,
    server: str,
) -> None:
    message = say(played_whatsapp, account, group)
    played_whatsapp.receipts(message, "read", by=[SITI], addressing=addressing)
    (receipt,) = heard(account, 1)
    assert receipt["MessageSource"]["Sender"]["Server"] == server


def test_members_send_by_themselves_what_they_are_told_to(
    played_whatsapp: PlayedWhatsApp, account: Client, group: str
) -> None:
    played_whatsapp.add_member(group, TONO, by=BUDI)
    played_whatsapp.behave(receipts="read")
    played_whatsapp.behave(SITI, receipts="delivered")
    played_whatsapp.behave(TONO, receipts="none")
    say(played_whatsapp, account, group)
    receipts = heard(account, 5)
    budi, siti = lid(played_whatsapp, BUDI), lid(played_whatsapp, SITI)
    read = [one for one in receipts if one["Type"] == "READ"]
    assert givers(receipts) == {budi: 4, siti: 1}
    assert givers(read) == {budi: 1}


def test_only_who_was_a_member_when_the_message_came_got_it(
    played_whatsapp: PlayedWhatsApp, account: Client, group: str
) -> None:
    first = say(played_whatsapp, account, group)
    played_whatsapp.add_member(group, TONO, by=BUDI)
    played_whatsapp.remove_member(group, BUDI, by=BUDI)
    second = say(played_whatsapp, account, group)
    assert played_whatsapp.receipts(first) == 4
    assert givers(heard(account, 4)).keys() == {
        lid(played_whatsapp, BUDI),
        lid(played_whatsapp, SITI),
    }
    assert played_whatsapp.receipts(second) == 2
    assert lid(played_whatsapp, TONO) in givers(heard(account, 6))


def test_one_receipt_may_be_about_several_messages(
    played_whatsapp: PlayedWhatsApp, account: Client, group: str
) -> None:
    first, second = (say(played_whatsapp, account, group) for _ in range(2))
    played_whatsapp.receipts(first, "read", second, by=[SITI])
    (receipt,) = heard(account, 1)
    assert receipt["MessageIDs"] == [first.id, second.id]


def test_one_stanza_may_hold_the_receipts_of_many(
    played_whatsapp: PlayedWhatsApp, account: Client, group: str
) -> None:
    message = say(played_whatsapp, account, group)
    assert played_whatsapp.receipts(message, "read", grouped=True) == 4
    receipts = heard(account, 4)
    assert givers(receipts)[lid(played_whatsapp, BUDI)] == 3
    assert all(one["MessageIDs"] == [message.id] for one in receipts)


def test_a_receipt_can_come_before_the_ack(
    played_whatsapp: PlayedWhatsApp, account: Client, group: str
) -> None:
    played_whatsapp.behave(receipts="delivered", ack_delay=0.5)
    say(played_whatsapp, account, group)
    order = [line for line in account.lines if "answer" in line or line.get("event") == "Receipt"]
    assert order[0].get("event") == "Receipt"


@pytest.mark.parametrize(
    ("kind", "name"), [("inactive", "INACTIVE"), ("played", "PLAYED"), ("read", "READ")]
)
def test_a_receipt_says_of_which_kind_it_is(
    played_whatsapp: PlayedWhatsApp, account: Client, group: str, kind: ReceiptKind, name: str
) -> None:
    message = say(played_whatsapp, account, group)
    played_whatsapp.receipt(message, by=BUDI, kind=kind, device=40)
    assert heard(account, 1)[0]["Type"] == name


def test_a_receipt_of_a_kind_that_neonize_does_not_know_ends_all_events(
    played_whatsapp: PlayedWhatsApp, account: Client, group: str
) -> None:
    # It stays connected, and is deaf from now on. A phone that cannot fetch media says this.
    message = say(played_whatsapp, account, group)
    played_whatsapp.receipt(message, by=BUDI, kind="server-error")
    assert "neonize.Receipt.Type not set" in account.wait("connect_raised")["error"]
    played_whatsapp.receipt(message, by=BUDI, kind="read")
    assert account.call("groups") == {"Ops": 3}
    assert not any(line.get("event") == "Receipt" for line in account.lines)


def test_receipts_wait_for_a_sender_that_is_away(
    played_whatsapp: PlayedWhatsApp, account: Client, me: str, group: str, tmp_path: Path
) -> None:
    message = say(played_whatsapp, account, group)
    with account:
        pass
    played_whatsapp.wait_offline(me)
    played_whatsapp.receipts(message)
    with Client(played_whatsapp, tmp_path) as again:
        assert givers(heard(again, 4))[lid(played_whatsapp, BUDI)] == 3


def test_a_crowd_is_heard_in_a_burst(me: str, tmp_path: Path) -> None:
    # 1,024 members with 2,048 devices work as well: then neonize needs 5 s of CPU for its sessions.
    with PlayedWhatsApp(decrypt="none") as whatsapp, Client(whatsapp, tmp_path) as client:
        group = whatsapp.group("Everybody", [me, *whatsapp.crowd(100, devices=2)])
        whatsapp.scan(client.qr(), me)
        client.wait("Connected")
        message = say(whatsapp, client, group)
        for kind in ("delivered", "read"):
            assert whatsapp.receipts(message, kind) == 200
        assert set(givers(heard(client, 400)).values()) == {4}
