"""Each thing that WhatsApp may do to an account, and the one report that it becomes.

Each of them happens here, with the real neonize and a played WhatsApp.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from whatsapp import sabotage
from whatsapp.ear import Ear
from whatsapp.stages import RealStage
from whatsapp_server.addresses import JID
from whatsapp_server.binary_xml import encode
from whatsapp_server.node import Node

from waremind.domain.lifecycle import Cause
from waremind.whatsapp.gateway import Message
from waremind.whatsapp.reports import (
    NotSent,
    PhoneSeen,
    Sent,
)

pytestmark = pytest.mark.anyio


async def log_in_refused(stage: RealStage, reason: int, **attributes: int) -> Ear:
    """Link, then log in anew while WhatsApp answers with a failure."""
    await stage.link()
    await stage.session.end()
    stage.whatsapp.refuse(stage.phone, reason, **attributes)
    return await stage.open()


@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        (400, Cause.REFUSED),
        (401, Cause.LOGGED_OUT),
        (403, Cause.LOGGED_OUT),
        (405, Cause.CLIENT_OUTDATED),
        (406, Cause.BANNED),
        (409, Cause.REFUSED),
        (470, Cause.REFUSED),  # unknown to the library
    ],
)
async def test_a_refused_login_is_told_by_its_reason_and_ends_the_session(
    real: RealStage, reason: int, cause: Cause
) -> None:
    ear = await log_in_refused(real, reason)
    turned = await ear.turn(cause)
    assert turned.detail
    await ear.turn(Cause.ENDED)


# neonize tells no event before it knows the device's name, and so none at all when the device was
# deleted by then: FetchMe in its main.go waits for ever. That race, without its dice.
TELLS_NOTHING = """
from neonize.events import Event
Event.execute = lambda *_: None
"""


@pytest.mark.parametrize(
    ("reason", "cause"),
    [(401, Cause.LOGGED_OUT), (403, Cause.LOGGED_OUT), (406, Cause.BANNED)],
)
async def test_a_login_refused_before_the_engine_tells_events_is_told_all_the_same(
    real: RealStage, reason: int, cause: Cause
) -> None:
    await real.link()
    await real.session.end()
    sabotage.harm(real.directory, TELLS_NOTHING)
    real.whatsapp.refuse(real.phone, reason)
    ear = await real.open()
    refused = await ear.turn(cause)
    assert refused.detail.startswith(str(reason))
    await ear.turn(Cause.ENDED)


async def test_a_temporary_ban_tells_when_it_ends(real: RealStage) -> None:
    ear = await log_in_refused(real, 402, code=101, expire=1800)
    ban = await ear.turn(Cause.TEMPORARY_BAN)
    assert ban.until is not None
    assert abs(ban.until - datetime.now(UTC) - timedelta(seconds=1800)) < timedelta(seconds=30)
    await ear.turn(Cause.ENDED)


async def test_a_temporary_ban_of_centuries_is_one_of_ten_years(real: RealStage) -> None:
    ear = await log_in_refused(real, 402, code=101, expire=9_000_000_000)
    ban = await ear.turn(Cause.TEMPORARY_BAN)
    assert ban.until is not None
    assert ban.until - datetime.now(UTC) <= timedelta(days=3660)


async def test_a_receipt_of_the_far_future_came_now(real: RealStage) -> None:
    ear = await real.link()
    device = JID.parse(real.whatsapp.wait_online(real.phone))
    phone = JID(device.user, device.server)
    attrs = {"from": phone, "id": "x", "type": "read-self", "t": 253_402_300_799}
    real.whatsapp.say(real.phone, encode(Node("receipt", attrs)))
    seen = await ear.next(PhoneSeen)
    assert isinstance(seen, PhoneSeen)
    assert seen.at <= datetime.now(UTC)


async def test_a_receipt_of_a_kind_unknown_to_the_library_ends_the_session_without_a_refusal(
    real: RealStage,
) -> None:
    ear = await real.link()
    await real.session.send(Message(real.group, "halo"))
    [message] = await asyncio.to_thread(real.whatsapp.wait_messages, 1, real.group)
    await asyncio.to_thread(real.whatsapp.receipt, message, by=real.phone, kind="server-error")
    await ear.turn(Cause.ENDED)
    assert Cause.REFUSED not in ear.causes


async def test_a_temporary_ban_of_a_kind_unknown_to_the_library_is_a_refusal(
    real: RealStage,
) -> None:
    ear = await log_in_refused(real, 402, code=199, expire=60)
    await ear.turn(Cause.REFUSED)


async def test_a_ban_of_a_connected_account_comes_with_its_next_login(real: RealStage) -> None:
    ear = await real.link()
    real.whatsapp.ban(real.phone)
    await ear.turn(Cause.DISCONNECTED)
    await ear.turn(Cause.TEMPORARY_BAN)


async def test_a_device_that_the_phone_unlinked_while_it_was_away_is_logged_out(
    real: RealStage,
) -> None:
    await real.link()
    await real.session.end()
    real.whatsapp.unlink(real.phone)
    ear = await real.open()
    await ear.turn(Cause.LOGGED_OUT)
    await ear.turn(Cause.ENDED)


async def test_a_store_whose_device_is_gone_is_logged_out_and_shows_no_qr(
    real: RealStage,
) -> None:
    await real.link()
    assert await real.session.end(log_out=True)
    ear = await real.open()
    await ear.turn(Cause.LOGGED_OUT)
    await ear.turn(Cause.ENDED)
    assert len(ear.reports) == 2


async def test_503_at_login_is_disconnected_until_it_connects(real: RealStage) -> None:
    ear = await log_in_refused(real, 503)
    await ear.turn(Cause.DISCONNECTED)
    real.whatsapp.admit(real.phone)
    while ear.causes[-1] is not Cause.CONNECTED:
        await ear.next(object)
    assert set(ear.causes) == {Cause.DISCONNECTED, Cause.CONNECTED}


async def test_a_503_while_connected_is_disconnected_and_then_connected(real: RealStage) -> None:
    ear = await real.link()
    real.whatsapp.end_stream(real.phone, "503")
    await ear.turn(Cause.DISCONNECTED)
    await ear.turn(Cause.CONNECTED)


async def test_a_restart_while_connected_is_just_connected_again(real: RealStage) -> None:
    ear = await real.link()
    real.whatsapp.end_stream(real.phone, "515", close=False)
    await ear.turn(Cause.CONNECTED)


async def test_a_stream_error_unknown_to_the_library_ends_the_session(real: RealStage) -> None:
    ear = await real.link()
    real.whatsapp.end_stream(real.phone, "599", close=False)
    turned = await ear.turn(Cause.CONNECT_FAILED)
    assert "599" in turned.detail
    await ear.turn(Cause.ENDED)


async def test_an_account_connected_elsewhere_is_replaced(real: RealStage) -> None:
    ear = await real.link()
    real.whatsapp.replace(real.phone)
    await ear.turn(Cause.REPLACED)
    await ear.turn(Cause.ENDED)


async def test_a_first_connect_that_is_refused_has_failed(real: RealStage) -> None:
    await real.link()
    await real.session.end()
    real.whatsapp.behave(refuse_websocket=True)
    ear = await real.open()
    await ear.turn(Cause.CONNECT_FAILED)
    await ear.turn(Cause.ENDED)


@pytest.mark.timeout(180)
async def test_unanswered_pings_are_disconnected_until_they_are_answered(real: RealStage) -> None:
    ear = await real.link()
    real.whatsapp.behave(real.phone, answer_pings=False)
    turned = await ear.turn(Cause.DISCONNECTED, seconds=60)  # asked every 20-30 s, given 10 s
    assert "pings" in turned.detail
    assert isinstance(await real.session.send(Message(real.group, "halo")), NotSent)
    real.whatsapp.behave(real.phone, answer_pings=True)
    while ear.causes[-1] is not Cause.CONNECTED:
        await ear.next(object, seconds=60)
    assert isinstance(await real.session.send(Message(real.group, "halo")), Sent)
