"""The real neonize is paired by the played phone, or learns why not."""

from __future__ import annotations

from pathlib import Path

import pytest

from whatsapp_server.behaviour import Spoil
from whatsapp_server.client import Client, ClientError
from whatsapp_server.harness import PlayedWhatsApp, PlayedWhatsAppError


def test_a_scanned_qr_pairs_and_connects(
    played_whatsapp: PlayedWhatsApp, client: Client, me: str
) -> None:
    device = played_whatsapp.scan(client.qr(), me)
    client.wait("Connected")
    assert device == f"{me}:1@s.whatsapp.net"
    assert played_whatsapp.wait_online(me) == device
    assert client.wait("login_status")["status"] == "success"


def test_an_entered_code_pairs_and_connects(
    played_whatsapp: PlayedWhatsApp, client: Client, me: str
) -> None:
    client.qr()
    code = client.call("pair_phone", phone=me)
    played_whatsapp.enter_code(code, me)
    client.wait("Connected")


def test_a_mistyped_code_pairs_nothing_and_can_be_typed_again(
    played_whatsapp: PlayedWhatsApp, client: Client, me: str
) -> None:
    client.qr()
    code = client.call("pair_phone", phone=me)
    with pytest.raises(PlayedWhatsAppError, match="the code is wrong"):
        played_whatsapp.enter_code("1111-1111", me)
    assert played_whatsapp.state().linked == []
    played_whatsapp.enter_code(code, me)
    client.wait("Connected")


def test_asking_for_codes_too_often_is_refused(
    played_whatsapp: PlayedWhatsApp, client: Client, me: str
) -> None:
    client.qr()
    played_whatsapp.behave(pairing_code_error=429)
    with pytest.raises(ClientError, match="429: rate-overlimit"):
        client.call("pair_phone", phone=me)


@pytest.mark.parametrize("spoil", ["hmac", "signature"])
def test_a_spoiled_pairing_is_refused_by_the_client(
    played_whatsapp: PlayedWhatsApp, client: Client, me: str, spoil: Spoil
) -> None:
    with pytest.raises(PlayedWhatsAppError, match=f"401 {spoil}-mismatch"):
        played_whatsapp.scan(client.qr(), me, spoil=spoil)
    assert client.wait("login_status")["status"] == "error"


def test_a_demanded_passkey_is_a_login_status(
    played_whatsapp: PlayedWhatsApp, client: Client, me: str
) -> None:
    played_whatsapp.require_passkey(me)
    with pytest.raises(PlayedWhatsAppError, match="demands a passkey"):
        played_whatsapp.scan(client.qr(), me)
    assert client.wait("login_status")["status"] == "passkey-request"


def test_a_passkey_is_demanded_after_a_code_too(
    played_whatsapp: PlayedWhatsApp, client: Client, me: str
) -> None:
    played_whatsapp.require_passkey(me)
    client.qr()
    code = client.call("pair_phone", phone=me)
    with pytest.raises(PlayedWhatsAppError, match="demands a passkey"):
        played_whatsapp.enter_code(code, me)
    assert client.wait("login_status")["status"] == "passkey-request"


def test_a_phone_that_scans_for_a_client_that_is_gone_is_told(
    played_whatsapp: PlayedWhatsApp, tmp_path: Path, me: str
) -> None:
    with Client(played_whatsapp, tmp_path) as client:
        payload = client.qr()
    played_whatsapp.wait_pairings(0)
    with pytest.raises(PlayedWhatsAppError, match="no connection shows that code"):
        played_whatsapp.scan(payload, me)


def test_without_the_restart_a_paired_client_never_connects(
    played_whatsapp: PlayedWhatsApp, client: Client, me: str
) -> None:
    played_whatsapp.behave(restart_after_pairing=False)
    played_whatsapp.scan(client.qr(), me)
    client.wait("PairStatus")
    assert played_whatsapp.state().online == []


def test_a_pairing_that_whatsapp_closes_times_out(
    played_whatsapp: PlayedWhatsApp, client: Client
) -> None:
    client.qr()
    played_whatsapp.close_pairings()
    assert client.wait("login_status")["status"] == "timeout"


def test_an_outdated_client_cannot_pair(played_whatsapp: PlayedWhatsApp, tmp_path: Path) -> None:
    played_whatsapp.behave(registration_error=405)
    with Client(played_whatsapp, tmp_path) as client:
        assert client.wait("login_status")["status"] == "err-client-outdated"


def test_no_connection_shows_a_code_after_its_pairing(
    played_whatsapp: PlayedWhatsApp, account: Client, me: str
) -> None:
    with pytest.raises(PlayedWhatsAppError, match="no connection shows that code"):
        played_whatsapp.scan(account.qr(), me)
    played_whatsapp.wait_pairings(0)


def test_a_paired_device_comes_back_without_a_qr(
    played_whatsapp: PlayedWhatsApp, client: Client, me: str, tmp_path: Path
) -> None:
    with client:
        device = played_whatsapp.scan(client.qr(), me)
        client.wait("Connected")
    played_whatsapp.wait_offline(me)
    with Client(played_whatsapp, tmp_path) as again:
        again.wait("Connected")
        assert played_whatsapp.state().online == [device]
        assert not [line for line in again.lines if line.get("event") == "qr"]


def test_each_pairing_is_a_new_device(
    played_whatsapp: PlayedWhatsApp, account: Client, me: str, tmp_path: Path
) -> None:
    (tmp_path / "second").mkdir()
    with Client(played_whatsapp, tmp_path / "second") as second:
        assert played_whatsapp.scan(second.qr(), me) == f"{me}:2@s.whatsapp.net"
        second.wait("Connected")
        assert len(played_whatsapp.state().online) == 2
    assert account.wait("Connected")


def test_logging_out_removes_the_device(
    played_whatsapp: PlayedWhatsApp, account: Client, me: str
) -> None:
    account.call("logout")
    played_whatsapp.wait_unlinked(me)
