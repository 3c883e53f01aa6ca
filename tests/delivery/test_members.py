"""Receipts by member: who has got a message, who has read it, who has said nothing."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from delivery.clockwork import ME, NOBODY, START, Engine, engine, until

from waremind.daemon.api.handlers import run as runs
from waremind.objects import Delivery
from waremind.requests.run import RunShow, Send
from waremind.whatsapp.reports import GroupChanged, GroupSnapshot, Member, Receipt

pytestmark = pytest.mark.anyio

MYSELF = Member(ME.jid, ME.phone)


def member(number: int) -> Member:
    return Member(f"{number}@lid", f"+6282{number:05}")


def phone_of(number: int) -> str:
    return f"6282{number:05}@s.whatsapp.net"


async def in_group(playing: Engine, *members: Member) -> None:
    """Let WhatsApp say who is in the first group now."""
    (session,) = playing.gateway.sessions
    group = GroupSnapshot("1@g.us", "Group 1", False, False, (MYSELF, *members))
    session.say(GroupChanged(session=session.number, group=group))
    lids = sorted(each.lid for each in group.members)

    async def stored() -> bool:
        query = "SELECT members FROM whatsapp_groups WHERE jid = '1@g.us'"
        ((stored,),) = await playing.sql(query)
        return sorted(stored) == lids

    await until(stored)


async def sent(playing: Engine) -> tuple[str, str]:
    """Send a message to the first group; returns its run's id and its own."""
    request = Send(account="ops", to=["1@g.us"], text="now")
    run = (await runs.send(playing.daemon, NOBODY, request)).run
    assert run
    (delivery,) = run.deliveries
    assert delivery.message_id
    return run.id, delivery.message_id


def say(playing: Engine, kind: str, participant: str, *messages: str) -> None:
    (session,) = playing.gateway.sessions
    session.say(
        Receipt(
            session=session.number,
            kind=kind,  # pyright: ignore[reportArgumentType]
            message_ids=messages,
            participant=participant,
            at=START,
        )
    )


async def delivery_of(playing: Engine, run: str) -> Delivery:
    request = RunShow(run=run, receipts=True)
    (delivery,) = (await runs.show(playing.daemon, NOBODY, request)).run.deliveries
    return delivery


async def said(playing: Engine, run: str) -> dict[str, str]:
    """Say how each member stands to a run's message, by LID."""
    receipts = (await delivery_of(playing, run)).receipts
    assert isinstance(receipts, list)
    return {each.lid.removesuffix("@lid"): each.status for each in receipts}


async def counted(playing: Engine, run: str, *counts: int) -> None:
    """Wait until so many are members, have the message, and have read it."""

    async def reached() -> bool:
        delivery = await delivery_of(playing, run)
        return (delivery.members, delivery.delivered, delivery.read) == counts

    await until(reached)


async def test_each_member_is_counted_once_however_many_devices_and_names_it_has(
    dsn: str, tmp_path: Path
) -> None:
    async with engine(dsn, tmp_path) as playing:
        await in_group(playing, member(1), member(2), member(3))
        run, message = await sent(playing)
        for participant in ("1@lid", "1@lid", phone_of(1), phone_of(2)):
            say(playing, "delivered", participant, message)
        say(playing, "read", phone_of(1), message)
        await counted(playing, run, 3, 2, 1)
        assert await said(playing, run) == {"1": "read", "2": "delivered", "3": "nothing"}


async def test_who_joined_after_the_message_is_apart_and_who_left_since_was_there(
    dsn: str, tmp_path: Path
) -> None:
    async with engine(dsn, tmp_path) as playing:
        await in_group(playing, member(1), member(2))
        playing.clock.pass_to(START + timedelta(seconds=1))
        run, message = await sent(playing)
        playing.clock.pass_to(START + timedelta(seconds=2))
        await in_group(playing, member(1), member(3))
        say(playing, "delivered", "2@lid", message)
        await counted(playing, run, 2, 1, 0)
        assert await said(playing, run) == {"1": "nothing", "2": "delivered", "3": "joined_later"}
        after, _ = await sent(playing)
        assert await said(playing, after) == {"1": "nothing", "3": "nothing"}


async def test_who_left_and_came_back_stands_there_once(dsn: str, tmp_path: Path) -> None:
    async with engine(dsn, tmp_path) as playing:
        for second, members in enumerate([(1, 2), (1,), (1, 2)]):
            playing.clock.pass_to(START + timedelta(seconds=second))
            await in_group(playing, *map(member, members))
        run, _ = await sent(playing)
        assert await said(playing, run) == {"1": "nothing", "2": "nothing"}


async def test_a_member_whose_lid_is_told_later_has_not_joined_then(
    dsn: str, tmp_path: Path
) -> None:
    async with engine(dsn, tmp_path) as playing:
        await in_group(playing, Member(phone_of(1), member(1).phone))
        run, message = await sent(playing)
        playing.clock.pass_to(START + timedelta(seconds=1))
        await in_group(playing, member(1))
        say(playing, "read", phone_of(1), message)
        await counted(playing, run, 1, 1, 1)
        assert await said(playing, run) == {"1": "read"}


async def test_whoever_has_it_is_a_member_though_no_list_names_it(dsn: str, tmp_path: Path) -> None:
    async with engine(dsn, tmp_path) as playing:
        await in_group(playing)
        run, message = await sent(playing)
        say(playing, "delivered", "9@lid", message)
        await counted(playing, run, 1, 1, 0)
        assert await said(playing, run) == {"9": "delivered"}
