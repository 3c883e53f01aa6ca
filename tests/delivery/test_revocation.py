"""The red button: what a run has sent is deleted for everyone, and nothing more of it leaves."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from delivery.clockwork import ACCOUNT, NOBODY, ONE_A_MINUTE, START, Engine, engine, until

from waremind.daemon.api.handlers import revocation
from waremind.daemon.api.handlers import run as runs
from waremind.errors import ErrorCode, WaremindError
from waremind.objects import Run
from waremind.requests.run import RunChanged, RunRevoke, RunShow, Send
from waremind.store import revocations
from waremind.store.database import Database
from waremind.whatsapp.reports import NotSent, SendRefused, SendUnknown, Sent

pytestmark = pytest.mark.anyio

EVERYWHERE = ["1@g.us", "2@g.us", "3@g.us"]
SENT = "SELECT 1 FROM deliveries WHERE status = 'sent' OFFSET %s"


async def sent(playing: Engine, *, wait: bool = True) -> str:
    """Send a text to all groups; returns the run's id."""
    request = Send(account="ops", to=EVERYWHERE, text="wrong text", wait=wait)
    run = (await runs.send(playing.daemon, NOBODY, request)).run
    assert run
    return run.id


async def revoke(playing: Engine, run: str, *to: str, **options: Any) -> RunChanged:
    return await revocation.revoke(playing.daemon, NOBODY, RunRevoke(run=run, to=to, **options))


async def show(playing: Engine, run: str) -> Run:
    return (await runs.show(playing.daemon, NOBODY, RunShow(run=run))).run


def stands(run: Run | None) -> dict[str, tuple[str, str | None]]:
    """Say how each delivery of a run stands, and why its message still does, by group."""
    assert run
    return {each.group.jid[0]: (each.status, each.revoke_reason) for each in run.deliveries}


def revoked(playing: Engine) -> list[str]:
    """List the ids of the messages that WhatsApp was asked to delete."""
    return [id_ for session in playing.gateway.sessions for _, id_ in session.revoked]


async def test_every_message_of_a_run_is_deleted_and_no_other(dsn: str, tmp_path: Path) -> None:
    async with engine(dsn, tmp_path) as playing:
        await sent(playing)
        run = await sent(playing)
        result = await revoke(playing, run)
        assert result.changed
        assert stands(result.run) == dict.fromkeys("123", ("revoked", None))
        assert sorted(revoked(playing)) == [f"3EB0{number:016X}" for number in (4, 5, 6)]


async def test_asked_again_it_changes_nothing(dsn: str, tmp_path: Path) -> None:
    async with engine(dsn, tmp_path) as playing:
        run = await sent(playing)
        await revoke(playing, run)
        assert not (await revoke(playing, run)).changed
        assert len(revoked(playing)) == len(EVERYWHERE)
        actions = await playing.sql("SELECT action FROM audit_log ORDER BY id")
        assert actions == [("send",), ("run.revoke",)]


async def test_a_check_deletes_nothing(dsn: str, tmp_path: Path) -> None:
    async with engine(dsn, tmp_path) as playing:
        run = await sent(playing)
        assert (await revoke(playing, run, check=True)).changed
        assert not revoked(playing)
        await revoke(playing, run)
        assert not (await revoke(playing, run, check=True)).changed


async def test_one_group_alone_may_be_named(dsn: str, tmp_path: Path) -> None:
    async with engine(dsn, tmp_path) as playing:
        run = await sent(playing)
        result = await revoke(playing, run, "Group 2")
        assert stands(result.run) == {
            "1": ("sent", None),
            "2": ("revoked", None),
            "3": ("sent", None),
        }
        with pytest.raises(WaremindError) as failure:
            await revoke(playing, run, "Group 4")
        assert failure.value.code is ErrorCode.NOT_FOUND
        assert "Group" in failure.value.hint


async def test_what_was_still_to_come_does_not_leave_and_frozen_it_is_deleted_all_the_same(
    dsn: str, tmp_path: Path
) -> None:
    async with engine(dsn, tmp_path, **ONE_A_MINUTE) as playing:
        run = await sent(playing, wait=False)
        await until(lambda: playing.sql("SELECT 1 FROM deliveries WHERE status = 'sent'"))
        await playing.freeze()
        await revoke(playing, run, wait=False)
        assert sorted(each for each, _ in stands(await show(playing, run)).values()) == [
            "revoking",
            "skipped",
            "skipped",
        ]
        playing.clock.pass_to(START + timedelta(minutes=1))
        await until(lambda: playing.sql("SELECT 1 FROM deliveries WHERE status = 'revoked'"))
        assert len(playing.sent) == 1


async def test_deletions_keep_the_pace_and_go_ahead_of_reminders(dsn: str, tmp_path: Path) -> None:
    async with engine(dsn, tmp_path, **ONE_A_MINUTE) as playing:
        run = await sent(playing, wait=False)
        for minute in range(len(EVERYWHERE)):
            playing.clock.pass_to(START + timedelta(minutes=minute))
            await until(lambda count=minute: playing.sql(SENT, count))
        await revoke(playing, run, wait=False)
        await playing.add("soon", at="2026-03-02T08:02:10", grace_seconds=10**6)
        for minute in (3, 4, 5):
            assert not playing.fired("soon")
            playing.clock.pass_to(START + timedelta(minutes=minute))
            await until(lambda count=minute - 2: enough(playing, count))
        await until(lambda: pushed(playing, "soon"))
        assert len(revoked(playing)) == len(EVERYWHERE)


async def enough(playing: Engine, count: int) -> bool:
    return len(revoked(playing)) == count


async def pushed(playing: Engine, name: str) -> bool:
    """Let time pass until a reminder has fired."""
    playing.clock.pass_to(playing.clock.now() + timedelta(seconds=10))
    return bool(playing.fired(name))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("UPDATE deliveries SET finished_at = finished_at - interval '49 hours'", "too_old"),
        ("UPDATE accounts SET linked_at = linked_at + interval '1 year'", "other_device"),
        ("UPDATE deliveries SET message_id = NULL", "no_message_id"),
    ],
)
async def test_what_cannot_be_deleted_is_named_and_not_tried(
    dsn: str, tmp_path: Path, change: str, reason: str
) -> None:
    async with engine(dsn, tmp_path) as playing:
        run = await sent(playing)
        await playing.sql(change)
        result = await revoke(playing, run)
        assert not result.changed
        assert stands(result.run) == dict.fromkeys("123", ("sent", reason))
        assert not revoked(playing)


async def test_what_whatsapp_refuses_to_delete_is_named(dsn: str, tmp_path: Path) -> None:
    async with engine(dsn, tmp_path) as playing:
        run = await sent(playing)
        playing.gateway.whatsapp.answer_revoke = lambda _: SendRefused(479, "error 479")
        result = await revoke(playing, run)
        assert stands(result.run) == dict.fromkeys("123", ("sent", "refused_479"))
        playing.gateway.whatsapp.answer_revoke = None
        assert stands((await revoke(playing, run)).run) == dict.fromkeys("123", ("revoked", None))


async def test_a_deletion_that_certainly_did_not_leave_is_tried_again(
    dsn: str, tmp_path: Path
) -> None:
    async with engine(dsn, tmp_path) as playing:
        run = await sent(playing)
        answers = iter([NotSent("not connected"), *[Sent("d")] * 3])
        playing.gateway.whatsapp.answer_revoke = lambda _: next(answers)
        revoking = asyncio.create_task(revoke(playing, run))
        await until(lambda: enough(playing, 1))
        while not revoking.done():
            playing.clock.pass_to(playing.clock.now() + timedelta(seconds=1))
            await asyncio.sleep(0)
        assert stands((await revoking).run) == dict.fromkeys("123", ("revoked", None))


async def test_a_deletion_whose_end_nobody_knows_may_be_repeated(dsn: str, tmp_path: Path) -> None:
    async with engine(dsn, tmp_path) as playing:
        run = await sent(playing)
        playing.gateway.whatsapp.answer_revoke = lambda _: SendUnknown("no answer")
        assert set(stands((await revoke(playing, run)).run).values()) == {("sent", "interrupted")}
        playing.gateway.whatsapp.answer_revoke = None
        assert set(stands((await revoke(playing, run)).run).values()) == {("revoked", None)}


async def test_what_a_daemon_was_deleting_when_it_died_is_interrupted_and_the_rest_goes_on(
    dsn: str, tmp_path: Path
) -> None:
    async with engine(dsn, tmp_path) as playing:
        run = await sent(playing)
        ((node,),) = await playing.sql("SELECT node_id FROM accounts")
        groups = await playing.sql("SELECT id FROM whatsapp_groups")
    # Between two daemons: one that starts looks for what another had begun, sooner or later.
    async with Database(dsn, pool_size=1) as database, database.transaction() as connection:
        await revocations.want(connection, run, [group for (group,) in groups], START)
        (marked,) = await revocations.mark(connection, node, [ACCOUNT], START)
    async with engine(dsn, tmp_path) as playing:
        while await playing.sql("SELECT 1 FROM deliveries WHERE status = 'revoking'"):
            # What certainly did not leave is tried again after a while.
            await playing.pass_to(playing.clock.now() + timedelta(seconds=1))
        found = stands(await show(playing, run))
        assert found.pop(marked.jid[0]) == ("sent", "interrupted")
        assert set(found.values()) == {("revoked", None)}
        assert marked.message_id not in revoked(playing)


async def test_what_is_being_sent_just_now_is_deleted_when_it_was(dsn: str, tmp_path: Path) -> None:
    async with engine(dsn, tmp_path) as playing:
        playing.gateway.whatsapp.answer = lambda _: None
        run = await sent(playing, wait=False)
        (session,) = playing.gateway.sessions
        await session.wait_held()
        revoking = asyncio.create_task(revoke(playing, run))
        query = "SELECT 1 FROM deliveries WHERE status = 'skipped'"
        await until(lambda: playing.sql(query))
        session.release(Sent("3EB0LATE"))
        statuses = sorted(each for each, _ in stands((await revoking).run).values())
        assert statuses == ["revoked", "skipped", "skipped"]
        assert revoked(playing) == ["3EB0LATE"]
