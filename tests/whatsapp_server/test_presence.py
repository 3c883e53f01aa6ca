"""Presence, and the name that comes with it: the phone's own, which it shares after pairing."""

from __future__ import annotations

import pytest

from whatsapp_server.client import Client, ClientError
from whatsapp_server.harness import PlayedWhatsApp

BUDI = "6282200000001"


@pytest.fixture
def named(played_whatsapp: PlayedWhatsApp, client: Client, me: str) -> Client:
    """Return an account whose phone has a name, and has told it."""
    played_whatsapp.user(me, "Ops bot")
    played_whatsapp.scan(client.qr(), me)
    client.wait("Connected")
    played_whatsapp.wait_counted("w:sync:app:state/set/sync", 5)
    return client


def test_a_phone_tells_its_name_after_pairing(named: Client) -> None:
    assert named.call("push_name") == "Ops bot"


def test_a_presence_carries_the_name(
    played_whatsapp: PlayedWhatsApp, named: Client, me: str
) -> None:
    for kind in ("available", "unavailable"):
        named.call("presence", kind=kind)
    played_whatsapp.wait_counted("presence", 2)
    said = played_whatsapp.presences()
    assert [(one.kind, one.name) for one in said] == [
        ("available", "Ops bot"),
        ("unavailable", "Ops bot"),
    ]
    assert {one.device for one in said} == {f"{me}:1@s.whatsapp.net"}
    assert said[0].at <= said[1].at


def test_without_a_name_there_is_no_presence(
    played_whatsapp: PlayedWhatsApp, account: Client
) -> None:
    with pytest.raises(ClientError, match="can't send presence without PushName set"):
        account.call("presence", kind="available")
    assert not played_whatsapp.presences()


def test_phone_and_members_go_on_reading(
    played_whatsapp: PlayedWhatsApp, named: Client, me: str
) -> None:
    # The phone opened a session with the device; the device answers in it.
    group = played_whatsapp.group("Ops", [me, BUDI])
    for text in ("halo", "lagi"):
        named.call("send", to=group, text=text)
        message = played_whatsapp.messages()[-1]
        assert (message.text, len(message.texts)) == (text, 2)
