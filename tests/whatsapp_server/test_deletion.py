"""Delete for everyone: what the real neonize asks for, and which phones obey."""

from __future__ import annotations

import pytest

from whatsapp_server.client import Client, ClientError
from whatsapp_server.harness import PlayedWhatsApp
from whatsapp_server.records import Message

BUDI, SITI = "6282200000001", "6282200000002"


@pytest.fixture
def group(played_whatsapp: PlayedWhatsApp, me: str) -> str:
    played_whatsapp.user(BUDI, "Budi", devices=2)
    return played_whatsapp.group("Ops", [me, BUDI, SITI], admins=[BUDI])


@pytest.fixture
def sent(account: Client, group: str) -> str:
    return account.call("send", to=group, text="halo")


def revoke(account: Client, chat: str, sender: str, message_id: str) -> str:
    return account.call("revoke", chat=chat, sender=sender, message_id=message_id)


def both(whatsapp: PlayedWhatsApp) -> tuple[Message, Message]:
    """Return what was sent, and what asked for its end."""
    original, deletion = whatsapp.messages()
    return original, deletion


@pytest.mark.parametrize("where", ["group", "person"])
def test_a_deleted_message_is_gone_from_every_device_that_showed_it(
    played_whatsapp: PlayedWhatsApp, account: Client, me: str, group: str, where: str
) -> None:
    chat = {"group": group, "person": played_whatsapp.user(BUDI)}[where]
    message_id = account.call("send", to=chat, text="halo")
    deletion_id = revoke(account, chat, f"{me}@s.whatsapp.net", message_id)
    original, deletion = both(played_whatsapp)
    assert original.deleted.keys() == original.texts.keys()
    assert set(original.deleted.values()) == {played_whatsapp.user(me)}
    assert (deletion.id, deletion.kind, deletion.edit) == (deletion_id, "revoke", "7")
    assert (deletion.deletes, deletion.texts) == (message_id, {})


def test_named_by_its_lid_the_sender_would_need_to_be_an_admin(
    played_whatsapp: PlayedWhatsApp, account: Client, me: str, group: str, sent: str
) -> None:
    # neonize compares with the phone number alone, and so asks as an admin would.
    revoke(account, group, played_whatsapp.user(me), sent)
    original, deletion = both(played_whatsapp)
    assert (deletion.edit, deletion.deletes) == ("8", sent)
    assert not original.deleted


def test_an_admin_deletes_what_another_has_sent(
    played_whatsapp: PlayedWhatsApp, account: Client, me: str
) -> None:
    group = played_whatsapp.group("Mine", [me, BUDI], admins=[me])
    sent = account.call("send", to=group, text="halo")
    revoke(account, group, played_whatsapp.user(me), sent)
    assert both(played_whatsapp)[0].deleted


def test_a_refused_deletion_is_an_error_and_the_message_stays(
    played_whatsapp: PlayedWhatsApp, account: Client, me: str, group: str, sent: str
) -> None:
    played_whatsapp.behave(me, deletion_error=479)
    with pytest.raises(ClientError, match="server returned error 479"):
        revoke(account, group, f"{me}@s.whatsapp.net", sent)
    original, deletion = both(played_whatsapp)
    assert not original.deleted
    assert deletion.refused == 479
    account.call("send", to=group, text="still allowed")
