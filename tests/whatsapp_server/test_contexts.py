"""What comes with a text: a disappearing timer, mentions."""

from __future__ import annotations

from typing import Any

import pytest

from whatsapp_server.client import Client
from whatsapp_server.harness import PlayedWhatsApp
from whatsapp_server.records import Message

BUDI, SITI = "6282200000001", "6282200000002"
WEEK = 7 * 86_400


@pytest.fixture
def group(played_whatsapp: PlayedWhatsApp, me: str) -> str:
    return played_whatsapp.group("Ops", [me, BUDI, SITI], admins=[BUDI], expiration=WEEK)


def arrived(whatsapp: PlayedWhatsApp) -> Message:
    return whatsapp.messages()[-1]


def test_a_group_tells_after_which_time_its_messages_disappear(
    played_whatsapp: PlayedWhatsApp, account: Client, me: str, group: str
) -> None:
    plain = played_whatsapp.group("Plain", [me, BUDI])
    assert account.call("group", jid=group)["expiration"] == WEEK
    assert account.call("group", jid=plain)["expiration"] == 0


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(86_400, {"IsEphemeral": True, "DisappearingTimer": 86_400}), (0, {"IsEphemeral": False})],
)
def test_a_changed_timer_is_told(
    played_whatsapp: PlayedWhatsApp, account: Client, group: str, seconds: int, told: dict[str, Any]
) -> None:
    played_whatsapp.set_expiration(group, seconds, by=BUDI)
    ephemeral = account.wait("GroupInfo")["fields"]["Ephemeral"]
    assert {**ephemeral, **told} == ephemeral
    assert account.call("group", jid=group)["expiration"] == seconds


def test_phones_see_the_timer_that_a_message_carries(
    played_whatsapp: PlayedWhatsApp, account: Client, group: str
) -> None:
    account.call("send_extended", to=group, text="halo", expiration=WEEK)
    message = arrived(played_whatsapp)
    assert (message.kind, message.text, message.expiration) == ("extendedTextMessage", "halo", WEEK)


def test_a_plain_text_carries_no_timer(
    played_whatsapp: PlayedWhatsApp, account: Client, group: str
) -> None:
    account.call("send", to=group, text="halo")
    message = arrived(played_whatsapp)
    assert (message.kind, message.expiration) == ("conversation", 0)


def test_phones_see_who_is_mentioned(
    played_whatsapp: PlayedWhatsApp, account: Client, group: str
) -> None:
    budi = played_whatsapp.user(BUDI)
    account.call("send_extended", to=group, text="@Budi", mentionedJID=[budi])
    message = arrived(played_whatsapp)
    assert (message.mentions, message.mentions_all) == ([budi], False)


def test_phones_see_that_everybody_is_mentioned(
    played_whatsapp: PlayedWhatsApp, account: Client, group: str
) -> None:
    account.call("send_extended", to=group, text="@all", nonJIDMentions=1)
    message = arrived(played_whatsapp)
    assert (message.mentions, message.mentions_all) == ([], True)
