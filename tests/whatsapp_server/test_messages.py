"""What the real neonize sends is read by the played recipients."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from whatsapp_server.behaviour import Addressing, Decrypting, ReceiptKind
from whatsapp_server.client import Client, ClientError
from whatsapp_server.harness import PlayedWhatsApp

BUDI, SITI = "6282200000001", "6282200000002"


@pytest.fixture
def group(played_whatsapp: PlayedWhatsApp, me: str) -> str:
    played_whatsapp.user(BUDI, "Budi", devices=2)
    return played_whatsapp.group("Ops", [me, BUDI, SITI], admins=[BUDI])


@pytest.mark.parametrize("addressing", ["lid", "pn"])
def test_every_member_reads_a_group_message(
    played_whatsapp: PlayedWhatsApp, account: Client, me: str, addressing: Addressing
) -> None:
    played_whatsapp.user(BUDI, devices=2)
    group = played_whatsapp.group("Ops", [me, BUDI, SITI], addressing=addressing)
    for text in ("halo", "lagi"):
        sent = account.call("send", to=group, text=text)
        message = played_whatsapp.messages()[-1]
        assert (message.id, message.text) == (sent, text)
        # Budi's phone and companion, Siti's phone, the account's own phone.
        assert len(message.texts) == 4


@pytest.mark.parametrize("server", ["s.whatsapp.net", "lid"])
def test_a_person_reads_a_direct_message(
    played_whatsapp: PlayedWhatsApp, account: Client, server: str
) -> None:
    lid = played_whatsapp.user(BUDI)
    to = {"s.whatsapp.net": f"{BUDI}@s.whatsapp.net", "lid": lid}[server]
    account.call("send", to=to, text="halo")
    assert played_whatsapp.wait_messages(1, to=to)[0].text == "halo"


@pytest.mark.parametrize("error", [420, 463, 479])
def test_a_refused_message_is_an_error_and_the_account_stays_connected(
    played_whatsapp: PlayedWhatsApp, account: Client, me: str, group: str, error: int
) -> None:
    played_whatsapp.behave(me, ack_error=error)
    with pytest.raises(ClientError, match=f"server returned error {error}"):
        account.call("send", to=group, text="halo")
    assert played_whatsapp.messages()[0].refused == error
    assert played_whatsapp.state().online


def test_only_the_named_account_is_refused(
    played_whatsapp: PlayedWhatsApp, account: Client, group: str
) -> None:
    played_whatsapp.behave(BUDI, ack_error=463)
    account.call("send", to=group, text="halo")


def test_only_admins_write_to_an_announce_only_group(
    played_whatsapp: PlayedWhatsApp, account: Client, group: str
) -> None:
    played_whatsapp.announce_only(group, by=BUDI)
    with pytest.raises(ClientError, match="server returned error 420"):
        account.call("send", to=group, text="halo")


def test_a_delayed_ack_delays_the_send(
    played_whatsapp: PlayedWhatsApp, account: Client, group: str
) -> None:
    played_whatsapp.behave(ack_delay=0.5)
    began = time.monotonic()
    account.call("send", to=group, text="halo")
    assert time.monotonic() - began >= 0.5


def test_a_message_without_its_ack_is_sent_again_after_a_cut(
    played_whatsapp: PlayedWhatsApp, account: Client, me: str, group: str
) -> None:
    played_whatsapp.behave(ack_messages=False)
    with ThreadPoolExecutor() as pool:
        sending = pool.submit(account.call, "send", to=group, text="halo")
        played_whatsapp.wait_messages(1)
        played_whatsapp.behave(ack_messages=True)
        played_whatsapp.drop(me)
        sent = sending.result()
    (message,) = played_whatsapp.messages()
    assert (message.id, message.transmissions, message.text) == (sent, 2, "halo")


@pytest.mark.parametrize(("kind", "number"), [("delivered", "DELIVERED"), ("read", "READ")])
def test_a_receipt_names_its_reader(
    played_whatsapp: PlayedWhatsApp, account: Client, group: str, kind: ReceiptKind, number: str
) -> None:
    account.call("send", to=group, text="halo")
    (message,) = played_whatsapp.messages()
    played_whatsapp.receipt(message, by=BUDI, kind=kind)
    fields = account.wait("Receipt")["fields"]
    assert fields["MessageIDs"] == [message.id]
    assert fields["MessageSource"]["Sender"]["User"] == played_whatsapp.user(BUDI).split("@")[0]
    assert fields["Type"] == number


def test_a_receipt_of_a_direct_message_comes_from_its_reader(
    played_whatsapp: PlayedWhatsApp, account: Client
) -> None:
    account.call("send", to=played_whatsapp.user(BUDI), text="halo")
    (message,) = played_whatsapp.messages()
    played_whatsapp.receipt(message, by=BUDI, kind="read")
    assert account.wait("Receipt")["fields"]["MessageIDs"] == [message.id]


@pytest.mark.parametrize(("decrypt", "readers"), [("one", 1), ("none", 0)])
def test_in_a_crowd_one_recipient_or_none_decrypts(
    decrypt: Decrypting, readers: int, me: str, tmp_path: Path
) -> None:
    with PlayedWhatsApp(decrypt=decrypt) as whatsapp, Client(whatsapp, tmp_path) as client:
        group = whatsapp.group("Ops", [me, BUDI, SITI])
        whatsapp.scan(client.qr(), me)
        client.wait("Connected")
        for text in ("halo", "lagi"):
            client.call("send", to=group, text=text)
        for message in whatsapp.messages():
            assert len(message.texts) == readers
            assert not message.errors
