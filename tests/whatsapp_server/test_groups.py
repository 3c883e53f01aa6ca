"""What the real neonize learns about groups, asked and unasked."""

from __future__ import annotations

from typing import Any

import pytest

from whatsapp_server.client import Client, ClientError
from whatsapp_server.harness import PlayedWhatsApp

BUDI, SITI = "6282200000001", "6282200000002"


@pytest.fixture
def group(played_whatsapp: PlayedWhatsApp, me: str) -> str:
    return played_whatsapp.group("Ops", [me, BUDI], admins=[BUDI])


def changes(account: Client, part: str) -> Any:
    return account.wait("GroupInfo")["fields"][part]


def test_the_account_lists_its_groups(
    played_whatsapp: PlayedWhatsApp, account: Client, group: str
) -> None:
    played_whatsapp.group("Not mine", [BUDI, SITI])
    assert account.call("groups") == {"Ops": 2}
    told = account.call("group", jid=group)
    assert (told["name"], told["size"]) == ("Ops", 2)


def test_a_group_may_hide_its_members_numbers(
    played_whatsapp: PlayedWhatsApp, account: Client, me: str
) -> None:
    group = played_whatsapp.group("Ops", [me, BUDI], hide_numbers=True)
    assert not any(account.call("numbers", jid=group))
    account.call("send", to=group, text="halo")
    assert played_whatsapp.messages()[0].text == "halo"


def test_a_group_that_is_not_there_or_not_ours_is_an_error(
    played_whatsapp: PlayedWhatsApp, account: Client
) -> None:
    theirs = played_whatsapp.group("Theirs", [BUDI, SITI])
    with pytest.raises(ClientError, match="not participating"):
        account.call("group", jid=theirs)
    with pytest.raises(ClientError, match="does not exist"):
        account.call("group", jid="120363999999999999@g.us")


def test_group_queries_can_be_rate_limited(
    played_whatsapp: PlayedWhatsApp, account: Client
) -> None:
    played_whatsapp.behave(group_query_error=429)
    with pytest.raises(ClientError, match="429: rate-overlimit"):
        account.call("groups")


def test_an_account_that_is_added_gets_the_group(
    played_whatsapp: PlayedWhatsApp, account: Client, me: str
) -> None:
    group = played_whatsapp.group("New", [BUDI, SITI])
    played_whatsapp.add_member(group, me, by=BUDI)
    joined = account.wait("JoinedGroup")["fields"]["GroupInfo"]
    assert joined["GroupName"]["Name"] == "New"
    assert account.call("groups") == {"New": 3}


def test_an_account_that_is_removed_is_told(
    played_whatsapp: PlayedWhatsApp, account: Client, me: str, group: str
) -> None:
    played_whatsapp.remove_member(group, me, by=BUDI)
    assert changes(account, "Leave")
    assert account.call("groups") == {}


def test_members_come_and_go(played_whatsapp: PlayedWhatsApp, account: Client, group: str) -> None:
    played_whatsapp.add_member(group, SITI, by=BUDI)
    assert changes(account, "Join")
    played_whatsapp.remove_member(group, SITI, by=SITI)
    assert account.call("groups") == {"Ops": 2}


def test_a_renamed_group_tells_its_name(
    played_whatsapp: PlayedWhatsApp, account: Client, group: str
) -> None:
    played_whatsapp.rename_group(group, "Operations", by=BUDI)
    assert changes(account, "Name")["Name"] == "Operations"


@pytest.mark.parametrize("on", [True, False])
def test_announce_only_is_told(
    played_whatsapp: PlayedWhatsApp, account: Client, group: str, *, on: bool
) -> None:
    played_whatsapp.announce_only(group, by=BUDI, on=on)
    assert changes(account, "Announce")["IsAnnounce"] is on
