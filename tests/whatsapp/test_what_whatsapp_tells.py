"""Each thing that WhatsApp may do to an account, and the one report that it becomes.

The rows of DESIGN.md's section 3, with the real neonize and a played WhatsApp.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from whatsapp.ear import Ear
from whatsapp.stages import FRIEND, RealStage

from waremind.domain.lifecycle import Cause
from waremind.errors import ErrorCode, WaremindError
from waremind.whatsapp.gateway import Message
from waremind.whatsapp.reports import (
    GroupChanged,
    GroupLeft,
    GroupStale,
    NotSent,
    Receipt,
    SendRefused,
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


async def test_a_temporary_ban_tells_when_it_ends(real: RealStage) -> None:
    ear = await log_in_refused(real, 402, code=101, expire=1800)
    ban = await ear.turn(Cause.TEMPORARY_BAN)
    assert ban.until is not None
    assert abs(ban.until - datetime.now(UTC) - timedelta(seconds=1800)) < timedelta(seconds=30)
    await ear.turn(Cause.ENDED)


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


async def test_a_handshake_that_is_never_answered_has_failed(real: RealStage) -> None:
    await real.link()
    await real.session.end()
    real.whatsapp.behave(answer_handshake=False)
    ear = await real.open()
    await ear.turn(Cause.CONNECT_FAILED, seconds=40)
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


# Groups.


async def test_a_group_that_the_account_is_added_to_is_told_in_full(real: RealStage) -> None:
    ear = await real.link()
    added = real.whatsapp.group("New", [FRIEND], admins=[FRIEND])
    real.whatsapp.add_member(added, real.phone, by=FRIEND)
    report = await ear.next(GroupChanged)
    assert isinstance(report, GroupChanged)
    assert (report.group.jid, report.group.name) == (added, "New")
    assert {member.phone for member in report.group.members} == {f"+{real.phone}", f"+{FRIEND}"}


async def test_a_renamed_group_is_stale(real: RealStage) -> None:
    ear = await real.link()
    real.whatsapp.rename_group(real.group, "Renamed", by=FRIEND)
    assert await ear.next(GroupStale) == GroupStale(session=1, jid=real.group)


async def test_a_group_that_the_account_is_removed_from_is_left(real: RealStage) -> None:
    ear = await real.link()
    real.whatsapp.remove_member(real.group, real.phone, by=FRIEND)
    assert await ear.next(GroupLeft) == GroupLeft(session=1, jid=real.group)
    assert await real.session.group(real.group) is None


async def test_a_group_that_somebody_else_left_is_stale(real: RealStage) -> None:
    real.whatsapp.user("628777001")
    real.whatsapp.add_member(real.group, "628777001", by=FRIEND)
    ear = await real.link()
    real.whatsapp.remove_member(real.group, "628777001", by="628777001")
    assert await ear.next(GroupStale) == GroupStale(session=1, jid=real.group)


@pytest.mark.parametrize("addressing", ["lid", "pn"])
async def test_an_admin_of_an_announce_only_group_may_write_there(
    real: RealStage, addressing: str
) -> None:
    group = real.whatsapp.group(
        "News",
        [real.phone, FRIEND],
        admins=[real.phone],
        addressing=addressing,
        announce_only=True,
    )
    await real.link()
    snapshot = await real.session.group(group)
    assert snapshot is not None
    assert (snapshot.announce_only, snapshot.admin) == (True, True)
    assert {member.phone for member in snapshot.members} == {f"+{real.phone}", f"+{FRIEND}"}
    assert all(member.lid.endswith("@lid") for member in snapshot.members)


async def test_members_whose_numbers_whatsapp_hides_have_none(real: RealStage) -> None:
    group = real.whatsapp.group("Strangers", [real.phone, FRIEND], hide_numbers=True)
    await real.link()
    snapshot = await real.session.group(group)
    assert snapshot is not None
    assert {member.phone for member in snapshot.members} == {None}


async def test_too_many_questions_about_groups_are_rate_limited(real: RealStage) -> None:
    await real.link()
    real.whatsapp.behave(real.phone, group_query_error=429)
    with pytest.raises(WaremindError) as caught:
        await real.session.groups()
    assert caught.value.code is ErrorCode.RATE_LIMITED


# Messages.


async def test_a_text_arrives_as_it_was_given(real: RealStage) -> None:
    await real.link()
    text = "Halo @628777000 @12345\nhttps://example.org 👋\n"
    assert isinstance(await real.session.send(Message(real.group, text)), Sent)
    [message] = await asyncio.to_thread(real.whatsapp.wait_messages, 1, real.group)
    assert message.text == text
    assert not message.mentions
    assert not message.errors


async def test_mentions_name_the_members_to_notify(real: RealStage) -> None:
    await real.link()
    [group] = await real.session.groups()
    lids = tuple(member.lid for member in group.members)
    await real.session.send(Message(real.group, "Halo", mentions=lids))
    [message] = await asyncio.to_thread(real.whatsapp.wait_messages, 1, real.group)
    assert (message.text, tuple(message.mentions)) == ("Halo", lids)


async def test_a_message_to_a_group_that_the_account_left_is_certainly_not_sent(
    real: RealStage,
) -> None:
    await real.link()
    outcome = await real.session.send(Message("120363999999999999@g.us", "halo"))
    assert isinstance(outcome, NotSent)
    assert "group" in outcome.detail


async def test_a_message_is_refused_with_whatsapps_code(real: RealStage) -> None:
    await real.link()
    real.whatsapp.behave(real.phone, ack_error=479)
    outcome = await real.session.send(Message(real.group, "halo"))
    assert isinstance(outcome, SendRefused)
    assert outcome.code == 479


async def test_a_message_that_was_cut_off_is_sent_once_and_acknowledged_later(
    real: RealStage,
) -> None:
    await real.link()
    real.whatsapp.behave(real.phone, ack_messages=False)
    sending = asyncio.create_task(real.session.send(Message(real.group, "halo")))
    await real.sends_held(1)
    real.whatsapp.behave(real.phone, ack_messages=True)
    await real.cut()
    assert isinstance(await sending, Sent)
    [message] = await asyncio.to_thread(real.whatsapp.wait_messages, 1, real.group)
    assert message.transmissions == 2


@pytest.mark.parametrize("kind", ["delivered", "read"])
async def test_a_receipt_tells_who_has_got_or_read_a_message(real: RealStage, kind: str) -> None:
    ear = await real.link()
    await real.session.send(Message(real.group, "halo"))
    [message] = await asyncio.to_thread(real.whatsapp.wait_messages, 1, real.group)
    real.whatsapp.receipt(message, by=FRIEND, kind=kind)
    receipt = await ear.next(Receipt)
    assert isinstance(receipt, Receipt)
    assert (receipt.kind, receipt.message_ids) == (kind, (message.id,))
    assert receipt.participant == real.whatsapp.user(FRIEND)
    assert abs(receipt.at - datetime.now(UTC)) < timedelta(minutes=1)
