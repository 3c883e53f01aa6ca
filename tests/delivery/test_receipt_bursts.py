"""Receipts are many: they are written together, and make nothing else wait."""

from __future__ import annotations

import time
from pathlib import Path

import psycopg
import pytest
from delivery.clockwork import NOBODY, START, Engine, engine, until

from waremind.daemon.api.handlers import account as accounts
from waremind.daemon.api.handlers import run as runs
from waremind.daemon.delivery.receipts import GATHER_SECONDS
from waremind.requests.account import AccountRename
from waremind.requests.run import Send
from waremind.whatsapp.reports import PhoneSeen, Receipt

pytestmark = pytest.mark.anyio

MEMBERS = 300
WAITING = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"


async def sent(playing: Engine) -> str:
    """Send a message to a group; returns the message's id."""
    await runs.send(playing.daemon, NOBODY, Send(account="ops", to=["1@g.us"], text="now"))
    ((message,),) = await playing.sql("SELECT message_id FROM deliveries")
    return message


def receipt(playing: Engine, message: str, member: int, kind: str = "delivered") -> None:
    """Let a member's device say that it has a message, or that it was read."""
    (session,) = playing.gateway.sessions
    session.say(
        Receipt(
            session=session.number,
            kind=kind,
            message_ids=(message,),
            participant=f"{member}@lid",
            at=START,
        )
    )


async def test_what_cannot_be_written_yet_keeps_no_account_waiting(
    dsn: str, tmp_path: Path
) -> None:
    async with engine(dsn, tmp_path) as playing:
        message = await sent(playing)
        (session,) = playing.gateway.sessions
        async with await psycopg.AsyncConnection.connect(dsn) as other:
            await other.execute("LOCK TABLE receipts")
            receipt(playing, message, 1)
            await playing.wait_for(WAITING)
            session.say(PhoneSeen(session=session.number, at=START))
            await playing.wait_for("SELECT 1 FROM accounts WHERE phone_seen_at IS NOT NULL")
            await accounts.rename(
                playing.daemon, NOBODY, AccountRename(account="ops", label="renamed")
            )
        await playing.wait_for("SELECT 1 FROM receipts")


async def test_a_burst_is_written_together(dsn: str, tmp_path: Path) -> None:
    async with engine(dsn, tmp_path) as playing:
        message = await sent(playing)
        for member in range(MEMBERS):
            receipt(playing, message, member)
            receipt(playing, message, member, kind="read")
            receipt(playing, "3EB0STRANGER", member)
        await until(lambda: counted(playing, (MEMBERS, MEMBERS)))
        ((transactions,),) = await playing.sql("SELECT count(DISTINCT xmin::text) FROM receipts")
        assert transactions < MEMBERS / 10


async def test_what_comes_one_after_the_other_is_written_together(dsn: str, tmp_path: Path) -> None:
    async with engine(dsn, tmp_path) as playing:
        message, begun = await sent(playing), time.monotonic()
        for member in range(MEMBERS):
            receipt(playing, message, member)
            await playing.sql("SELECT")  # what was heard could have been written meanwhile
        await until(lambda: counted(playing, (MEMBERS, 0)))
        rounds = (time.monotonic() - begun) / GATHER_SECONDS
        ((transactions,),) = await playing.sql("SELECT count(DISTINCT xmin::text) FROM receipts")
        assert transactions <= rounds + 1


async def counted(playing: Engine, numbers: tuple[int, int]) -> bool:
    """Tell whether so many have got the message, and so many have read it."""
    return await playing.sql("SELECT count(*), count(read_at) FROM receipts") == [numbers]
