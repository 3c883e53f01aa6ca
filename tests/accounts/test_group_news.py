"""What a session tells of a group is newer than a list of groups that was asked for before."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from delivery.clockwork import NOBODY, START, Engine, engine, until

from waremind.daemon.accounts.groups import SETTLED_AFTER
from waremind.daemon.api.handlers import account as accounts
from waremind.requests.account import AccountSync
from waremind.whatsapp.reports import GroupChanged, GroupLeft, GroupSnapshot, GroupStale, PhoneSeen

pytestmark = pytest.mark.anyio

_fences = itertools.count(1)
NEW = GroupSnapshot("9@g.us", "New", announce_only=False, admin=False)
RENAMED = GroupSnapshot("2@g.us", "Renamed", announce_only=False, admin=False)


async def sync(playing: Engine) -> bool:
    return (await accounts.sync(playing.daemon, NOBODY, AccountSync(account="ops"))).changed


async def asked(playing: Engine, number: int) -> None:
    """Wait until so many questions about groups were asked."""
    questions = playing.gateway.whatsapp.questions

    async def enough() -> bool:
        return len(questions) == number

    await until(enough)


@asynccontextmanager
async def answer_under_way(playing: Engine) -> AsyncIterator[None]:
    """Keep WhatsApp's answers back until the end of the block."""
    whatsapp = playing.gateway.whatsapp
    whatsapp.answering.clear()
    yield
    whatsapp.answering.set()


async def hear(playing: Engine, report: GroupChanged | GroupLeft | GroupStale) -> None:
    """Let the session tell something, and wait until the account has heard it."""
    (session,) = playing.gateway.sessions
    session.say(report)
    later = START + timedelta(hours=2 * next(_fences))
    session.say(PhoneSeen(session=session.number, at=later))
    await until(lambda: playing.sql("SELECT 1 FROM accounts WHERE phone_seen_at = %s", later))


def number(playing: Engine) -> int:
    return playing.gateway.sessions[0].number


async def groups(playing: Engine) -> dict[str, bool]:
    """Say by name of each group whether the account is in it."""
    return dict(await playing.sql("SELECT name, left_at IS NULL FROM whatsapp_groups"))


async def test_a_group_joined_while_a_sync_is_under_way_is_not_left(
    dsn: str, tmp_path: Path
) -> None:
    async with engine(dsn, tmp_path) as playing:
        async with answer_under_way(playing):
            syncing = asyncio.create_task(sync(playing))
            await asked(playing, 2)
            await hear(playing, GroupChanged(session=number(playing), group=NEW))
        await syncing
        assert (await groups(playing))["New"]


async def test_a_group_left_while_a_sync_is_under_way_stays_left(dsn: str, tmp_path: Path) -> None:
    async with engine(dsn, tmp_path) as playing:
        async with answer_under_way(playing):
            syncing = asyncio.create_task(sync(playing))
            await asked(playing, 2)
            await hear(playing, GroupLeft(session=number(playing), jid="1@g.us"))
        assert not await syncing
        assert not (await groups(playing))["Group 1"]


async def test_a_group_renamed_while_a_sync_is_under_way_keeps_its_new_name(
    dsn: str, tmp_path: Path
) -> None:
    async with engine(dsn, tmp_path) as playing:
        async with answer_under_way(playing):
            syncing = asyncio.create_task(sync(playing))
            await asked(playing, 2)
            await hear(playing, GroupChanged(session=number(playing), group=RENAMED))
        await syncing
        assert "Renamed" in await groups(playing)


async def test_a_group_left_while_it_is_asked_about_stays_left(dsn: str, tmp_path: Path) -> None:
    async with engine(dsn, tmp_path) as playing:
        async with answer_under_way(playing):
            await hear(playing, GroupStale(session=number(playing), jid="1@g.us"))
            playing.clock.pass_to(START + SETTLED_AFTER)
            await asked(playing, 2)
            await hear(playing, GroupLeft(session=number(playing), jid="1@g.us"))
        playing.gateway.whatsapp.groups = [RENAMED]  # what is asked later is stored later
        await hear(playing, GroupStale(session=number(playing), jid=RENAMED.jid))
        playing.clock.pass_to(START + 2 * SETTLED_AFTER)
        await until(lambda: playing.sql("SELECT 1 FROM whatsapp_groups WHERE name = 'Renamed'"))
        assert not (await groups(playing))["Group 1"]


async def test_a_burst_of_news_of_one_group_asks_once(dsn: str, tmp_path: Path) -> None:
    async with engine(dsn, tmp_path) as playing:
        questions = playing.gateway.whatsapp.questions
        for _ in range(20):
            await hear(playing, GroupStale(session=number(playing), jid="1@g.us"))
        playing.clock.pass_to(START + SETTLED_AFTER)
        await asked(playing, 2)
        assert questions == ["all", "1@g.us"]
        await hear(playing, GroupStale(session=number(playing), jid="1@g.us"))
        playing.clock.pass_to(START + 2 * SETTLED_AFTER)
        await asked(playing, 3)


async def test_a_burst_of_news_of_many_groups_asks_once_for_all(dsn: str, tmp_path: Path) -> None:
    async with engine(dsn, tmp_path) as playing:
        for jid in ("1@g.us", "2@g.us", "3@g.us"):
            await hear(playing, GroupStale(session=number(playing), jid=jid))
        playing.clock.pass_to(START + SETTLED_AFTER)
        await asked(playing, 2)
        assert playing.gateway.whatsapp.questions == ["all", "all"]
