"""How a connection ends, and what the real neonize makes of it (WhatsApp's own endings)."""

from __future__ import annotations

from pathlib import Path

import pytest

from whatsapp_server.client import Client
from whatsapp_server.harness import PlayedWhatsApp


def test_a_device_unlinked_on_the_phone_is_logged_out(
    played_whatsapp: PlayedWhatsApp, account: Client, me: str
) -> None:
    played_whatsapp.unlink(me)
    assert account.wait("LoggedOut")["fields"]["OnConnect"] is False


def test_a_device_unlinked_while_offline_is_refused_at_its_login(
    played_whatsapp: PlayedWhatsApp, account: Client, me: str, tmp_path: Path
) -> None:
    with account:
        pass
    played_whatsapp.wait_offline(me)
    played_whatsapp.unlink(me)
    with Client(played_whatsapp, tmp_path) as again:
        assert again.wait("LoggedOut")["fields"]["OnConnect"] is True


@pytest.mark.parametrize(
    ("reason", "event"),
    [
        (400, "ConnectFailure"),
        (401, "LoggedOut"),
        (403, "LoggedOut"),
        (405, "ClientOutdated"),
        (406, "LoggedOut"),
        (409, "ConnectFailure"),
        (503, "Disconnected"),
    ],
)
def test_a_refused_login_tells_its_reason(
    played_whatsapp: PlayedWhatsApp, account: Client, me: str, reason: int, event: str
) -> None:
    heard = len(account.lines)
    played_whatsapp.refuse(me, reason)
    played_whatsapp.drop(me)
    assert account.wait("Disconnected", heard)
    assert account.wait(event, heard)


def test_a_temporary_ban_tells_code_and_end(
    played_whatsapp: PlayedWhatsApp, account: Client, me: str
) -> None:
    played_whatsapp.ban(me, code=101, expire_seconds=1800)
    fields = account.wait("TemporaryBan")["fields"]
    assert fields["Expire"] == "1800"


@pytest.mark.parametrize("failure", [{"reason": 402, "code": 199, "expire": 60}, {"reason": 470}])
def test_a_ban_or_reason_unknown_to_the_library_makes_connect_raise(
    played_whatsapp: PlayedWhatsApp, account: Client, me: str, failure: dict[str, int]
) -> None:
    played_whatsapp.refuse(me, **failure)
    played_whatsapp.drop(me)
    assert "not set" in account.wait("connect_raised")["error"]


def test_an_admitted_account_connects_again(
    played_whatsapp: PlayedWhatsApp, account: Client, me: str
) -> None:
    heard = len(account.lines)
    played_whatsapp.refuse(me, 503)
    played_whatsapp.drop(me)
    account.wait("Disconnected", heard)
    played_whatsapp.admit(me)
    account.wait("Connected", heard)


def test_an_account_connected_elsewhere_is_replaced(
    played_whatsapp: PlayedWhatsApp, account: Client, me: str
) -> None:
    played_whatsapp.replace(me)
    account.wait("StreamReplaced")
    played_whatsapp.drop(me)
    played_whatsapp.wait_offline(me)


def test_a_cut_connection_comes_back_by_itself(
    played_whatsapp: PlayedWhatsApp, account: Client, me: str
) -> None:
    heard = len(account.lines)
    played_whatsapp.drop(me)
    account.wait("Disconnected", heard)
    account.wait("Connected", heard)


@pytest.mark.parametrize("code", ["503", "515"])
def test_a_restarted_stream_comes_back_by_itself(
    played_whatsapp: PlayedWhatsApp, account: Client, me: str, code: str
) -> None:
    heard = len(account.lines)
    played_whatsapp.end_stream(me, code)
    account.wait("Connected", heard)


def test_a_refused_websocket_makes_the_first_connect_raise(
    played_whatsapp: PlayedWhatsApp, tmp_path: Path
) -> None:
    played_whatsapp.behave(refuse_websocket=True)
    with Client(played_whatsapp, tmp_path) as client:
        assert "503" in client.wait("connect_raised")["error"]
    assert played_whatsapp.state().refused == 1


def test_a_black_hole_makes_the_first_connect_raise_after_a_while(
    played_whatsapp: PlayedWhatsApp, tmp_path: Path
) -> None:
    played_whatsapp.behave(answer_handshake=False)
    with Client(played_whatsapp, tmp_path) as client:
        assert "timed out" in client.wait("connect_raised")["error"]


def test_unanswered_pings_are_noticed(played_whatsapp: PlayedWhatsApp, account: Client) -> None:
    played_whatsapp.behave(answer_pings=False)
    # The library asks every 20-30 s and gives an answer 10 s.
    account.wait("KeepAliveTimeout", timeout=45)
