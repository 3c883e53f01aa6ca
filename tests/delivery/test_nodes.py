"""What a node may write once another one has its accounts: nothing but how its last sends ended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from delivery.clockwork import ACCOUNT, NOBODY, PATIENCE_SECONDS, START, Engine, engine, until

from waremind.daemon.accounts.inbox import Command, Rename
from waremind.daemon.api.handlers import account as accounts
from waremind.domain.lifecycle import Cause
from waremind.errors import ErrorCode, WaremindError
from waremind.objects import Operator
from waremind.requests.account import AccountAdd, AccountPair
from waremind.store import deliveries, nodes, ownership
from waremind.store.database import connect
from waremind.store.deliveries import Able
from waremind.store.lock import LOCK
from waremind.store.nodes import NodeRow
from waremind.whatsapp.reports import Identity, NotSent, Outcome, SendUnknown, Sent

pytestmark = pytest.mark.anyio

MINUTE = timedelta(minutes=1)
OTHER = "nod_other"
STANDS = "SELECT status, reason, node_id FROM deliveries"


@asynccontextmanager
async def leaving(dsn: str, directory: Path) -> AsyncIterator[Engine]:
    """Have a message that WhatsApp does not answer yet."""
    async with engine(dsn, directory) as playing:
        playing.gateway.whatsapp.answer = lambda _message: None
        await playing.add("soon", at="2026-03-02T08:01:00")
        playing.clock.pass_to(START + MINUTE)
        session = playing.gateway.sessions[-1]
        await session.wait_held()
        yield playing


async def take_over(dsn: str) -> list[str]:
    """Take all accounts as another node; returns how what was being sent stands then."""
    async with await connect(dsn) as theirs, theirs.transaction():
        row = NodeRow(id=OTHER, name="other", version="1", beat_at=START, started_at=START)
        await nodes.register(theirs, row)
        await ownership.claim_all(theirs, OTHER)
        return [each.status for each in await ownership.lose_track(theirs, OTHER, START)]


@pytest.mark.parametrize(
    ("outcome", "stands"),
    [
        (Sent("3EB0LATE"), ("sent", None)),
        (SendUnknown("cut off"), ("unknown", "crashed")),
        (NotSent("not connected"), ("unknown", "crashed")),
    ],
    ids=["certain", "uncertain", "nothing left"],
)
async def test_who_has_lost_an_account_corrects_what_is_unknown_where_it_knows(
    dsn: str, tmp_path: Path, outcome: Outcome, stands: tuple[str, str | None]
) -> None:
    async with leaving(dsn, tmp_path) as playing:
        ours = playing.daemon.runtime.membership.node
        assert await playing.sql(STANDS) == [("sending", None, ours)]
        assert await take_over(dsn) == ["unknown"]
        playing.gateway.sessions[-1].release(outcome)
        await until(lambda: is_idle(playing))
        assert await playing.sql(STANDS) == [(*stands, ours)]


async def is_idle(playing: Engine) -> bool:
    """Tell whether the sender has written all that it knows."""
    return not playing.daemon.sender.departures.ended and not playing.daemon.sender._occupied


async def has_no_work(playing: Engine) -> bool:
    """Tell whether the sender has found out that it has nothing to do."""
    return not playing.daemon.sender._due and await is_idle(playing)


async def test_a_late_outcome_is_written_also_while_the_accounts_are_lost(
    dsn: str, tmp_path: Path
) -> None:
    async with leaving(dsn, tmp_path) as playing:
        membership = playing.daemon.runtime.membership
        keeping = asyncio.create_task(membership.keep(lambda _why: None))
        async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as thief:
            while not await takes(thief):
                await playing.sql(CUT_OFF)
            await membership.lost.wait()
            assert await take_over(dsn) == ["unknown"]
            playing.gateway.sessions[-1].release(Sent("3EB0LATE"))
            await playing.wait_for("SELECT 1 FROM deliveries WHERE status = 'sent'")
            assert not membership.held.is_set()
        keeping.cancel()


CUT_OFF = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted"


async def takes(connection: psycopg.AsyncConnection) -> bool:
    cursor = await connection.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
    return await cursor.fetchone() == (True,)


async def test_no_message_is_marked_by_a_node_or_a_session_that_has_no_longer_the_account(
    dsn: str, tmp_path: Path
) -> None:
    async with engine(dsn, tmp_path) as playing, await connect(dsn) as theirs:
        await playing.freeze()
        await playing.add("soon", at="2026-03-02T08:00:00")
        await playing.wait_for("SELECT 1 FROM deliveries WHERE status = 'held'")
        await playing.at_rest()
        await until(lambda: has_no_work(playing))
        await playing.sql("DELETE FROM freezes")
        await playing.sql("UPDATE deliveries SET status = 'scheduled', reason = NULL")
        ours, row = playing.daemon.runtime.membership.node, playing.daemon.accounts.get(ACCOUNT).row
        for able in (Able(OTHER, {ACCOUNT: row.session}), Able(ours, {ACCOUNT: row.session - 1})):
            assert await deliveries.move_on(theirs, [], able, START, START) == []
        able = Able(ours, {ACCOUNT: row.session})
        (marked,) = await deliveries.move_on(theirs, [], able, START, START)
        assert (marked.account_id, marked.session) == (ACCOUNT, row.session)


async def test_a_mark_that_began_before_a_claim_is_seen_by_it_or_is_not_made(
    dsn: str, tmp_path: Path
) -> None:
    async with engine(dsn, tmp_path) as playing, await connect(dsn) as theirs:
        row = playing.daemon.accounts.get(ACCOUNT).row
        await playing.freeze()
        await playing.add("soon", at="2026-03-02T08:00:00")
        await playing.wait_for("SELECT 1 FROM deliveries WHERE status = 'held'")
        await playing.sql("DELETE FROM freezes")
        async with theirs.transaction():
            await nodes.register(
                theirs,
                NodeRow(id=OTHER, name="other", version="1", beat_at=START, started_at=START),
            )
            await ownership.claim_all(theirs, OTHER)
            await playing.sql("UPDATE deliveries SET status = 'scheduled', reason = NULL")
            playing.daemon.changes.work_for([ACCOUNT])
            await playing.wait_for(
                "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                " AND query LIKE '%able AS%'"
            )
        await playing.wait_for(
            "SELECT 1 WHERE NOT EXISTS (SELECT FROM pg_stat_activity"
            " WHERE wait_event_type = 'Lock' AND query LIKE '%able AS%')"
        )
        assert await playing.sql("SELECT status FROM deliveries") == [("scheduled",)]
        assert row.node_id != OTHER
        assert playing.sent == []


async def test_an_account_that_another_node_has_is_let_go_and_begun_anew_when_it_is_ours_again(
    dsn: str, tmp_path: Path
) -> None:
    async with engine(dsn, tmp_path) as playing:
        await take_over(dsn)
        before = await playing.sql("SELECT * FROM accounts")
        accounts, operator = playing.daemon.accounts, Operator(0, "root")
        session, account = playing.gateway.sessions[-1], accounts.get(ACCOUNT)
        with pytest.raises(WaremindError, match="another node has it now"):
            await account.command(Rename("new", operator))
        await session.gone.wait()
        assert accounts.find(ACCOUNT) is None
        assert await playing.sql("SELECT * FROM accounts") == before
        with pytest.raises(WaremindError, match="another node has it now"):
            await account.command(Rename("new", operator))
        await playing.daemon.runtime.membership.join()
        assert accounts.get(ACCOUNT) is not account
        await playing.wait_for("SELECT 1 FROM accounts WHERE state = 'connected'")
        await playing.add("soon", at="2026-03-02T08:01:00")
        await playing.pass_to(START + MINUTE)
        assert [seen.text for seen in playing.sent] == ["soon"]


async def test_what_was_thawed_while_another_node_had_the_accounts_is_no_longer_frozen(
    dsn: str, tmp_path: Path
) -> None:
    async with engine(dsn, tmp_path) as playing:
        await playing.freeze()
        await playing.sql("DELETE FROM freezes")
        await playing.daemon.runtime.membership.join()
        await playing.add("soon", at="2026-03-02T08:01:00")
        await playing.pass_to(START + MINUTE)
        assert [seen.text for seen in playing.sent] == ["soon"]


async def test_an_account_is_given_away_when_what_was_leaving_is_written_and_goes_on_elsewhere(
    dsn: str, tmp_path: Path
) -> None:
    async with leaving(dsn, tmp_path) as playing:
        giving, session = playing.daemon.outbox.giving_away, playing.gateway.sessions[-1]
        given = asyncio.create_task(giving._give(ACCOUNT))
        await playing.add("later", at="2026-03-02T08:01:00")
        await playing.wait_for("SELECT 1 FROM deliveries WHERE status = 'scheduled'")
        await asyncio.wait([given], timeout=0.2)
        assert await playing.sql(OWNED) == [(True, "connected")]
        session.release(Sent("3EB0LAST"))
        assert await given
        assert session.gone.is_set()
        assert await playing.sql(OWNED) == [(False, "stopped")]
        await until(lambda: is_let_go(playing))
        # Nothing more of it leaves here.
        assert await playing.sql(HOW_MANY) == [("scheduled", 1), ("sent", 1)]
        playing.gateway.whatsapp.answer = lambda _message: Sent("3EB0NEXT")
        await playing.daemon.runtime.membership.join()
        await playing.wait_for(
            "SELECT 1 FROM deliveries HAVING count(*) FILTER (WHERE status = 'sent') = 2"
        )


async def test_an_account_that_does_something_else_at_that_moment_is_given_away(
    dsn: str, tmp_path: Path
) -> None:
    async with engine(dsn, tmp_path) as playing, await connect(dsn) as theirs:
        await playing.wait_for("SELECT 1 FROM accounts WHERE state = 'connected'")
        async with theirs.transaction():
            await theirs.execute("SELECT 1 FROM accounts FOR UPDATE")
            playing.daemon.accounts.get(ACCOUNT).post(Command(Cause.SYNC, Operator(0, "root")))
            await playing.wait_for("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
            given = asyncio.create_task(playing.daemon.outbox.giving_away._give(ACCOUNT))
        assert await given
        assert await playing.sql(OWNED) == [(False, "stopped")]


async def test_an_account_that_could_not_be_given_away_goes_on(dsn: str, tmp_path: Path) -> None:
    async with engine(dsn, tmp_path) as playing:
        await playing.wait_for("SELECT 1 FROM accounts WHERE state = 'connected'")
        await playing.sql(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE 'not now'; END $$"
        )
        await playing.sql(
            "CREATE TRIGGER refuse BEFORE UPDATE OF node_id ON accounts FOR EACH ROW"
            " WHEN (NEW.node_id IS NULL) EXECUTE FUNCTION refuse()"
        )
        with pytest.raises(WaremindError, match="not now"):
            await playing.daemon.outbox.giving_away._give(ACCOUNT)
        await playing.wait_for("SELECT 1 FROM accounts WHERE state = 'connected'")
        await playing.add("soon", at="2026-03-02T08:01:00")
        await playing.pass_to(START + MINUTE)
        assert [seen.text for seen in playing.sent] == ["soon"]


OWNED = "SELECT node_id IS NOT NULL, state FROM accounts"
HOW_MANY = "SELECT status, count(*) FROM deliveries GROUP BY 1 ORDER BY 1"


async def is_let_go(playing: Engine) -> bool:
    return playing.daemon.accounts.find(ACCOUNT) is None


async def test_who_watches_a_pairing_is_told_that_another_node_has_the_account(
    dsn: str, tmp_path: Path
) -> None:
    async with engine(dsn, tmp_path) as playing:
        await accounts.add(playing.daemon, NOBODY, AccountAdd(label="new"))
        sessions = playing.gateway.sessions
        before = len(sessions)

        async def is_open() -> bool:
            return len(sessions) > before

        asked = AccountPair(account="new")
        pairing = asyncio.create_task(accounts.pair(playing.daemon, NOBODY, asked))
        await until(is_open)
        await take_over(dsn)
        sessions[-1].scan(Identity("62812@s.whatsapp.net", "+62812"))
        async with asyncio.timeout(PATIENCE_SECONDS):
            with pytest.raises(WaremindError) as ended:
                await pairing
        assert ended.value.code is ErrorCode.CONFLICT
        assert ended.value.message == "cannot pair account 'new': another node has it now"
