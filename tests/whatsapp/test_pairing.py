"""Each way in which linking a device can go, with the real neonize and a played phone."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from whatsapp.stages import RealStage
from whatsapp_server.harness import PlayedWhatsAppError

from waremind.domain.lifecycle import Cause
from waremind.whatsapp.gateway import Pairing
from waremind.whatsapp.pairing import CUT, UNUSED, ending
from waremind.whatsapp.reports import Code

pytestmark = pytest.mark.anyio


async def test_a_pairing_code_that_the_phone_took_links_the_device(real: RealStage) -> None:
    ear = await real.open(Pairing(phone=real.phone))
    code = await ear.code()
    assert timedelta(seconds=140) < code.expires_at - datetime.now(UTC) < timedelta(seconds=161)
    await asyncio.to_thread(real.whatsapp.enter_code, code.code, real.phone)
    await ear.turn(Cause.PAIRED)
    await ear.turn(Cause.CONNECTED)
    assert not [report for report in ear.reports if getattr(report, "kind", "") == "qr"]


async def test_the_first_qr_lives_for_a_minute(real: RealStage) -> None:
    ear = await real.open(Pairing())
    code = await ear.code()
    assert timedelta(seconds=50) < code.expires_at - datetime.now(UTC) < timedelta(seconds=61)


async def test_codes_that_nobody_used_time_out(real: RealStage) -> None:
    real.whatsapp.behave(qr_refs=2)
    ear = await real.open(Pairing())
    first, second = await ear.code(), await ear.code(seconds=30)
    assert first.code != second.code
    assert timedelta(seconds=10) < second.expires_at - datetime.now(UTC) < timedelta(seconds=21)
    await ear.turn(Cause.PAIRING_TIMED_OUT, seconds=30)
    await ear.turn(Cause.ENDED)


@pytest.mark.parametrize("spoil", ["hmac", "signature"])
async def test_a_pairing_that_does_not_verify_has_failed(real: RealStage, spoil: str) -> None:
    ear = await real.open(Pairing())
    code = await ear.code()
    with pytest.raises(PlayedWhatsAppError):
        await asyncio.to_thread(real.whatsapp.scan, code.code, real.phone, spoil=spoil)
    await ear.turn(Cause.PAIRING_FAILED)
    await ear.turn(Cause.ENDED)


async def test_a_connection_that_breaks_while_a_code_shows_has_failed(real: RealStage) -> None:
    ear = await real.open(Pairing())
    await ear.code()
    real.whatsapp.close_pairings()
    turned = await ear.turn(Cause.PAIRING_FAILED)
    assert "broke" in turned.detail
    await ear.turn(Cause.ENDED)


async def test_a_passkey_that_the_phone_demands_is_told(real: RealStage) -> None:
    real.whatsapp.user(real.phone)
    real.whatsapp.require_passkey(real.phone)
    ear = await real.open(Pairing())
    code = await ear.code()
    with pytest.raises(PlayedWhatsAppError):
        await asyncio.to_thread(real.whatsapp.scan, code.code, real.phone)
    await ear.turn(Cause.PASSKEY_REQUIRED)
    await ear.turn(Cause.ENDED)


async def test_an_outdated_engine_cannot_pair(real: RealStage) -> None:
    real.whatsapp.behave(registration_error=405)
    ear = await real.open(Pairing())
    await ear.turn(Cause.CLIENT_OUTDATED)
    await ear.turn(Cause.ENDED)


@pytest.mark.parametrize("reason", [400, 503])
async def test_a_pairing_that_whatsapp_refuses_has_failed(real: RealStage, reason: int) -> None:
    real.whatsapp.behave(registration_error=reason)
    ear = await real.open(Pairing())
    await ear.turn(Cause.PAIRING_FAILED)
    await ear.turn(Cause.ENDED)


async def test_a_pairing_code_that_whatsapp_does_not_give_has_failed(real: RealStage) -> None:
    real.whatsapp.behave(pairing_code_error=429)
    ear = await real.open(Pairing(phone=real.phone))
    turned = await ear.turn(Cause.PAIRING_FAILED)
    assert "429" in turned.detail
    assert not [report for report in ear.reports if isinstance(report, Code)]


async def test_a_pairing_with_no_way_to_whatsapp_has_failed_to_connect(real: RealStage) -> None:
    real.whatsapp.behave(refuse_websocket=True)
    ear = await real.open(Pairing())
    await ear.turn(Cause.CONNECT_FAILED)
    await ear.turn(Cause.ENDED)


async def test_a_pairing_says_nothing_between_paired_and_connected(real: RealStage) -> None:
    real.whatsapp.behave(restart_after_pairing=False)
    ear = await real.open(Pairing())
    await real.scan()
    await ear.turn(Cause.PAIRED)
    assert not await real.session.end(log_out=True)  # WhatsApp lists it, and it never connected
    assert ear.causes == [Cause.PAIRED, Cause.ENDED]
    assert await real.is_linked()


async def test_a_device_linked_but_not_connected_is_logged_out_once_it_is(real: RealStage) -> None:
    ear = await real.open(Pairing())
    await real.scan()
    await ear.turn(Cause.PAIRED)
    assert await real.session.end(log_out=True)
    assert not await real.is_linked()


async def test_the_keys_lie_in_a_directory_for_nobody_else(real: RealStage) -> None:
    await real.link()
    directory = real.opening().directory
    assert directory.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o077 for path in directory.iterdir()} == {0}


def test_a_connection_that_ends_with_the_last_code_was_not_cut() -> None:
    expires_at = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
    assert ending("timeout", expires_at, expires_at - timedelta(seconds=1)) == UNUSED
    assert ending("timeout", expires_at, expires_at - timedelta(seconds=15)) == CUT
    assert ending("timeout", None, expires_at) == CUT


def test_a_login_status_unknown_here_lets_the_pairing_go_on() -> None:
    assert ending("success", None, datetime.now(UTC)) is None
