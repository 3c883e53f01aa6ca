"""What every gateway promises; the real one and the fake are held to it alike."""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
from collections.abc import AsyncIterator

import pytest
from whatsapp.stages import FRIEND, Stage

from waremind.domain.lifecycle import Cause
from waremind.errors import ErrorCode, WaremindError
from waremind.whatsapp.gateway import Media, Message, Pairing
from waremind.whatsapp.reports import Identity, NotSent, NotUploaded, SendRefused, SendUnknown, Sent

pytestmark = pytest.mark.anyio


async def test_a_pairing_shows_a_qr_then_says_paired_then_connected_with_who_it_is(
    stage: Stage,
) -> None:
    ear = await stage.open(Pairing())
    code = await ear.code()
    assert code.kind == "qr"
    assert code.code.startswith("https://wa.me/settings/linked_devices#")
    ear._heard = 0
    await stage.scan()
    paired = await ear.turn(Cause.PAIRED)
    connected = await ear.turn(Cause.CONNECTED)
    for report in (paired, connected):
        assert isinstance(report.identity, Identity)
        assert report.identity.jid == f"{stage.phone}@s.whatsapp.net"
        assert report.identity.phone == f"+{stage.phone}"
        assert report.identity.lid is not None
        assert report.identity.lid.endswith("@lid")


async def test_a_pairing_by_phone_number_shows_a_pairing_code_and_no_qr(stage: Stage) -> None:
    ear = await stage.open(Pairing(phone=stage.phone))
    code = await ear.code()
    assert code.kind == "pair_code"
    assert len(code.code) == len("ABCD-EFGH")
    assert len(ear.reports) == 1


async def test_every_report_bears_its_sessions_number(stage: Stage) -> None:
    await stage.link()
    second = await stage.open()
    await second.turn(Cause.CONNECTED)
    assert stage.session.number == 2
    assert {report.session for report in second.reports} == {2}


async def test_a_login_connects_with_the_keys_that_the_pairing_left(stage: Stage) -> None:
    await stage.link()
    await stage.session.end()
    ear = await stage.open()
    connected = await ear.turn(Cause.CONNECTED)
    assert connected.identity is not None
    assert connected.identity.phone == f"+{stage.phone}"


async def test_a_login_without_keys_is_logged_out_and_shows_no_code(stage: Stage) -> None:
    ear = await stage.open()
    await ear.turn(Cause.LOGGED_OUT)
    await ear.turn(Cause.ENDED)
    assert len(ear.reports) == 2


async def test_ended_is_the_last_word_and_is_said_once(stage: Stage) -> None:
    ear = await stage.link()
    await stage.session.end()
    await stage.session.end()
    assert ear.causes == [Cause.PAIRED, Cause.CONNECTED, Cause.ENDED]


async def test_a_session_that_whatsapp_ended_says_so_and_then_ended(stage: Stage) -> None:
    ear = await stage.link()
    await stage.unlink()
    await ear.turn(Cause.LOGGED_OUT)
    await ear.turn(Cause.ENDED)
    assert await stage.session.end(log_out=True)


async def test_a_cut_is_disconnected_and_then_connected(stage: Stage) -> None:
    ear = await stage.link()
    await stage.cut()
    await ear.turn(Cause.DISCONNECTED)
    await ear.turn(Cause.CONNECTED)


async def test_an_end_without_log_out_keeps_the_device(stage: Stage) -> None:
    await stage.link()
    assert not await stage.session.end()
    assert await stage.is_linked()


async def test_an_end_with_log_out_removes_the_device(stage: Stage) -> None:
    await stage.link()
    assert await stage.session.end(log_out=True)
    assert not await stage.is_linked()


async def test_an_end_answers_the_same_however_often_it_is_asked(stage: Stage) -> None:
    await stage.link()
    first, second = await asyncio.gather(
        stage.session.end(log_out=True), stage.session.end(log_out=False)
    )
    assert (first, second, await stage.session.end()) == (True, True, True)


async def test_an_end_while_a_code_shows_leaves_no_device(stage: Stage) -> None:
    ear = await stage.open(Pairing())
    await ear.code()
    assert await stage.session.end(log_out=True)
    await ear.turn(Cause.ENDED)


async def test_an_end_that_comes_at_once_is_an_end(stage: Stage) -> None:
    ear = await stage.open(Pairing())
    assert await stage.session.end(log_out=True)
    assert ear.causes == [Cause.ENDED]


async def test_the_next_session_waits_until_the_one_before_is_gone(stage: Stage) -> None:
    first = await stage.link()
    second = await stage.open()
    assert first.causes[-1] is Cause.ENDED
    await second.turn(Cause.CONNECTED)


async def test_groups_tell_their_members_by_lid_and_who_may_write(stage: Stage) -> None:
    await stage.link()
    [group] = await stage.session.groups()
    assert (group.jid, group.name) == (stage.group, f"Ops {stage.phone}")
    assert (group.announce_only, group.admin) == (False, False)
    assert {(member.phone, member.admin) for member in group.members} == {
        (f"+{stage.phone}", False),
        (f"+{FRIEND}", True),
    }
    assert all(member.lid.endswith("@lid") for member in group.members)
    assert await stage.session.group(stage.group) == group


async def test_a_group_that_the_account_is_not_in_is_none(stage: Stage) -> None:
    await stage.link()
    assert await stage.session.group("120363999999999999@g.us") is None


async def test_groups_of_a_session_that_is_not_connected_are_an_error(stage: Stage) -> None:
    ear = await stage.open(Pairing())
    await ear.code()
    with pytest.raises(WaremindError) as caught:
        await stage.session.groups()
    assert caught.value.code is ErrorCode.NOT_CONNECTED
    await stage.session.end()
    with pytest.raises(WaremindError) as caught:
        await stage.session.group(stage.group)
    assert caught.value.code is ErrorCode.NOT_CONNECTED


async def test_a_message_is_sent_with_an_id_of_its_own(stage: Stage) -> None:
    await stage.link()
    outcomes = [await stage.session.send(Message(stage.group, "halo")) for _ in range(2)]
    ids = {outcome.message_id for outcome in outcomes if isinstance(outcome, Sent)}
    assert len(ids) == 2


async def test_a_send_before_it_is_connected_sends_nothing(stage: Stage) -> None:
    ear = await stage.open(Pairing())
    await ear.code()
    assert isinstance(await stage.session.send(Message(stage.group, "halo")), NotSent)


async def test_a_send_after_the_end_sends_nothing(stage: Stage) -> None:
    await stage.link()
    await stage.session.end()
    assert isinstance(await stage.session.send(Message(stage.group, "halo")), NotSent)


async def test_a_message_is_deleted_for_everyone_while_the_session_is_connected(
    stage: Stage,
) -> None:
    await stage.link()
    sent = await stage.session.send(Message(stage.group, "halo"))
    assert isinstance(sent, Sent)
    deleted = await stage.session.revoke(stage.group, sent.message_id)
    assert isinstance(deleted, Sent)
    assert deleted.message_id != sent.message_id
    await stage.session.end()
    assert isinstance(await stage.session.revoke(stage.group, sent.message_id), NotSent)


async def test_a_refused_send_tells_whatsapps_code_and_leaves_the_session(stage: Stage) -> None:
    await stage.link()
    await stage.refuse_sends(463)
    outcome = await stage.session.send(Message(stage.group, "halo"))
    assert isinstance(outcome, SendRefused)
    assert outcome.code == 463
    assert await stage.session.groups()


async def test_a_session_that_ends_in_mid_send_leaves_the_outcome_unknown(stage: Stage) -> None:
    await stage.link()
    await stage.hold_sends()
    sending = asyncio.create_task(stage.session.send(Message(stage.group, "halo")))
    await stage.sends_held(1)
    started = time.monotonic()
    await stage.session.end(log_out=True)
    assert time.monotonic() - started < 5
    assert isinstance(await sending, SendUnknown)


async def test_sends_wait_for_each_other_and_hold_up_nothing_else(stage: Stage) -> None:
    await stage.link()
    await stage.hold_sends()
    sends = [
        asyncio.create_task(stage.session.send(Message(stage.group, text))) for text in ("a", "b")
    ]
    await stage.sends_held(1)
    assert await stage.session.groups()
    await stage.session.end()
    assert {type(await each) for each in sends} == {SendUnknown, NotSent}


async def test_an_interrupted_unpair_is_finished_by_logging_in_and_out(stage: Stage) -> None:
    await stage.link()
    await stage.session.end()
    assert await stage.gateway.log_out(stage.opening(), 10)
    assert not await stage.is_linked()


async def test_logging_out_without_keys_is_done_already(stage: Stage) -> None:
    assert await stage.gateway.log_out(stage.opening(), 10)


async def test_a_file_is_uploaded_once_before_the_messages_that_have_it(stage: Stage) -> None:
    await stage.link()
    content, read = os.urandom(700_000), list[int]()
    digest = hashlib.sha256(content).hexdigest()
    media = Media("document", digest, len(content), "application/pdf", "a.pdf")
    message = Message(stage.group, "Halo", media=media)

    async def pieces() -> AsyncIterator[bytes]:
        for place in range(0, len(content), 500_000):
            read.append(place)
            yield content[place : place + 500_000]

    assert isinstance(await stage.session.send(message), NotSent)
    assert await stage.session.upload(media, pieces()) is None
    assert await stage.session.upload(media, pieces()) is None
    assert read == [0, 500_000]
    assert isinstance(await stage.session.send(message), Sent)
    await stage.session.end()
    assert isinstance(await stage.session.upload(media, pieces()), NotUploaded)
