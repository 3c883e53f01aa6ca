"""Messages and what becomes of them, with the real neonize and a played WhatsApp."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from whatsapp.stages import FRIEND, RealStage

from waremind.domain.lifecycle import Cause
from waremind.whatsapp import session
from waremind.whatsapp.gateway import Media, Message
from waremind.whatsapp.reports import (
    GroupLeft,
    NotInGroup,
    NotUploaded,
    PhoneSeen,
    Receipt,
    SendRefused,
    Sent,
)

pytestmark = pytest.mark.anyio


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


async def test_everybody_may_be_mentioned_without_naming_them(real: RealStage) -> None:
    await real.link()
    await real.session.send(Message(real.group, "Halo", mentions_all=True))
    [message] = await asyncio.to_thread(real.whatsapp.wait_messages, 1, real.group)
    assert (message.text, message.mentions, message.mentions_all) == ("Halo", [], True)


@pytest.mark.parametrize("mentions", [(), ("222@lid",)])
async def test_a_message_disappears_when_its_group_says_so(
    real: RealStage, mentions: tuple[str, ...]
) -> None:
    await real.link()
    real.whatsapp.set_expiration(real.group, 604_800, by=FRIEND)
    group = await real.session.group(real.group)
    assert group
    assert group.expiration_seconds == 604_800
    message = Message(real.group, "Halo", mentions, expiration_seconds=group.expiration_seconds)
    await real.session.send(message)
    [arrived] = await asyncio.to_thread(real.whatsapp.wait_messages, 1, real.group)
    assert (arrived.text, arrived.expiration) == ("Halo", 604_800)


async def test_presence_is_announced_once_a_session_when_the_phone_has_shared_its_name(
    real: RealStage,
) -> None:
    named = real.neighbour("Ops bot")
    ear = await named.link()
    await asyncio.to_thread(real.whatsapp.wait_counted, "w:sync:app:state/set/sync", 5)
    await named.session.send(Message(named.group, "Halo"))
    await asyncio.to_thread(real.whatsapp.wait_counted, "presence", 2)
    await named.cut()
    await ear.turn(Cause.DISCONNECTED)
    await ear.turn(Cause.CONNECTED)
    await named.session.send(Message(named.group, "Halo"))
    said = [(each.kind, each.name) for each in real.whatsapp.presences()]
    assert said == [("available", "Ops bot"), ("unavailable", "Ops bot")]


async def test_an_upload_that_never_ends_is_given_up_and_keeps_no_text_from_leaving(
    real: RealStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    await real.link()
    media = Media("document", hashlib.sha256(b"a").hexdigest(), 1, "text/plain", "a.txt")

    async def content() -> AsyncIterator[bytes]:
        yield b"a"

    real.whatsapp.behave(real.phone, upload_delay=1.5)
    with monkeypatch.context() as patch:
        patch.setattr(session, "UPLOAD_SECONDS", 0.3)
        first = await real.session.upload(media, content())
        second = await real.session.upload(media, content())
    assert isinstance(first, NotUploaded)
    assert first.detail == "not uploaded within 0 s"
    assert isinstance(second, NotUploaded)
    assert second.detail == "an earlier upload has not ended yet"
    assert isinstance(await real.session.send(Message(real.group, "Halo")), Sent)
    async with asyncio.timeout(10):  # what was given up is there when it has ended after all
        while await real.session.upload(media, content()):
            pass
    assert isinstance(await real.session.send(Message(real.group, "", media=media)), Sent)


async def test_a_message_to_a_group_that_is_not_ours_is_not_sent_and_the_group_told_as_left(
    real: RealStage,
) -> None:
    ear = await real.link()
    outcome = await real.session.send(Message("120363999999999999@g.us", "halo"))
    assert isinstance(outcome, NotInGroup)
    assert "group" in outcome.detail
    left = await ear.next(GroupLeft)
    assert isinstance(left, GroupLeft)
    assert left.jid == "120363999999999999@g.us"


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


@pytest.mark.parametrize("kind", ["sender", "read-self"])
async def test_what_the_own_phone_gets_or_reads_tells_that_it_was_seen(
    real: RealStage, kind: str
) -> None:
    ear = await real.link()
    await real.session.send(Message(real.group, "halo"))
    [message] = await asyncio.to_thread(real.whatsapp.wait_messages, 1, real.group)
    real.whatsapp.receipt(message, by=real.phone, kind=kind)
    seen = await ear.next(PhoneSeen)
    assert isinstance(seen, PhoneSeen)
    assert abs(seen.at - datetime.now(UTC)) < timedelta(minutes=1)


async def test_what_another_device_of_the_account_gets_tells_nothing(real: RealStage) -> None:
    ear = await real.link()
    await real.session.send(Message(real.group, "halo"))
    [message] = await asyncio.to_thread(real.whatsapp.wait_messages, 1, real.group)
    for kind in ("delivered", "sender", "read-self"):
        real.whatsapp.receipt(message, by=real.phone, kind=kind, device=41)
    real.whatsapp.receipt(message, by=FRIEND, kind="read")
    await ear.next(Receipt)
    heard = [each for each in ear.reports if isinstance(each, PhoneSeen | Receipt)]
    assert [each.participant for each in heard] == [real.whatsapp.user(FRIEND)]
