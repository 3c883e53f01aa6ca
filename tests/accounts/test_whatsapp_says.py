"""Every row of what WhatsApp may do to a device, and what becomes of the account."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from accounts.stage import Stage
from daemon_process import until
from whatsapp_server.harness import PlayedWhatsApp

from waremind.objects import Account

Deed = Callable[[PlayedWhatsApp, str], None]


def refused(reason: int, **attributes: int) -> Deed:
    """Make a deed: the next login is refused, and it is now."""

    def deed(whatsapp: PlayedWhatsApp, phone: str) -> None:
        whatsapp.refuse(phone, reason, **attributes)
        whatsapp.drop(phone)

    return deed


UNPAIRS: dict[str, tuple[Deed, str]] = {
    "unlinked on the phone": (PlayedWhatsApp.unlink, "logged_out"),
    "401 at the login": (refused(401), "logged_out"),
    "403 at the login": (refused(403), "logged_out"),
}
# What happens → status, reason, whether a person is needed, actions beside unpair and delete.
ENDS_THE_SESSION: dict[str, tuple[Deed, str, str, bool]] = {
    "replaced elsewhere": (PlayedWhatsApp.replace, "disconnected", "replaced", False),
    "402 of a known kind": (refused(402, code=101, expire=3600), "banned", "temporary_ban", True),
    "402 of an unknown kind": (refused(402, code=199), "disconnected", "refused", True),
    "a failure that nobody knows": (refused(499), "disconnected", "refused", True),
    "400 at the login": (refused(400), "disconnected", "refused", True),
    "409 at the login": (refused(409), "disconnected", "refused", True),
    "405 at the login": (refused(405), "disconnected", "client_outdated", True),
}
COMES_BACK: dict[str, Deed] = {
    "TCP cut": PlayedWhatsApp.drop,
    "503 stream error": lambda whatsapp, phone: whatsapp.end_stream(phone, "503"),
    "515 while connected": lambda whatsapp, phone: whatsapp.end_stream(phone, "515"),
}


def needs(account: Account) -> set[str]:
    return {each.code for each in account.attention}


@pytest.mark.parametrize(("deed", "reason"), UNPAIRS.values(), ids=UNPAIRS)
def test_what_unlinks_the_device_makes_it_unpaired_and_its_files_go(
    shared: Stage, deed: Deed, reason: str
) -> None:
    shared.pair()
    deed(shared.whatsapp, shared.phone)
    account = shared.wait("unpaired", reason)
    assert needs(account) == {reason}
    assert account.actions == ["pair", "delete"]
    until(lambda: shared.files == [], "the files to go")
    shared.whatsapp.admit(shared.phone)
    assert shared.pair().status == "connected"


def test_406_at_the_login_is_a_ban_that_a_person_must_appeal(shared: Stage) -> None:
    shared.pair()
    refused(406)(shared.whatsapp, shared.phone)
    account = shared.wait("banned", "banned")
    assert needs(account) == {"banned"}
    assert account.actions == ["pair", "unpair", "delete"]
    until(lambda: shared.files == [], "the files to go")


@pytest.mark.parametrize(
    ("deed", "status", "reason", "needs_a_person"),
    ENDS_THE_SESSION.values(),
    ids=ENDS_THE_SESSION,
)
def test_what_ends_the_session_keeps_the_keys(
    shared: Stage, deed: Deed, status: str, reason: str, *, needs_a_person: bool
) -> None:
    shared.pair()
    deed(shared.whatsapp, shared.phone)
    account = shared.wait(status, reason)
    assert bool(account.attention) == needs_a_person
    assert len(shared.files) == 1
    shared.whatsapp.wait_offline(shared.phone)
    shared.whatsapp.admit(shared.phone)
    shared.reconnect()
    shared.wait("connected", "ok")


@pytest.mark.parametrize("deed", COMES_BACK.values(), ids=COMES_BACK)
def test_what_only_cuts_the_connection_is_mended_by_the_same_session(
    shared: Stage, deed: Deed
) -> None:
    session = shared.pair().session
    connections = shared.whatsapp.state().connections
    deed(shared.whatsapp, shared.phone)
    until(lambda: shared.whatsapp.state().connections > connections, "the engine to come back")
    assert shared.wait("connected", "ok").session == session


def test_503_at_the_login_is_waited_out(shared: Stage) -> None:
    session = shared.pair().session
    refused(503)(shared.whatsapp, shared.phone)
    assert shared.wait("disconnected", "network").actions == ["pair", "unpair", "delete"]
    shared.whatsapp.admit(shared.phone)
    assert shared.wait("connected", "ok").session == session


def test_a_first_connect_that_is_refused_is_tried_again(shared: Stage) -> None:
    shared.pair()
    with shared.behaving(refuse_websocket=True):
        shared.reconnect()
        account = shared.wait("disconnected", "connect_failed")
        until(lambda: shared.account.session > account.session + 3, "further tries")
    shared.wait("connected", "ok")


def test_a_temporary_ban_is_over_when_it_ends(shared: Stage) -> None:
    shared.pair()
    shared.whatsapp.ban(shared.phone, expire_seconds=2)
    account = shared.wait("banned", "temporary_ban")
    ends_at = datetime.fromisoformat(account.banned_until or "")
    assert timedelta(0) < ends_at - datetime.now(UTC) < timedelta(seconds=3)
    shared.whatsapp.admit(shared.phone)
    account = shared.wait("connected", "ok")
    assert account.banned_until is None
    assert datetime.now(UTC) >= ends_at


def test_a_temporary_ban_that_has_not_ended_is_told_again(shared: Stage) -> None:
    shared.pair()
    shared.whatsapp.ban(shared.phone, expire_seconds=1)
    session = shared.wait("banned", "temporary_ban").session
    until(lambda: shared.account.session > session + 1, "a try that is refused")
    assert shared.wait("banned", "temporary_ban").banned_until


def test_an_account_takes_over_its_groups_when_it_connects(shared: Stage) -> None:
    group = shared.whatsapp.group("Ops", [shared.phone], admins=[shared.phone])
    shared.pair()
    found = until(shared.groups, "the groups to be fetched")
    assert [each.jid for each in found] == [group]
    shared.whatsapp.rename_group(group, "Operations", by=shared.phone)
    until(lambda: [each.name for each in shared.groups()] == ["Operations"], "the new name")
