"""What PostgreSQL had committed and has lost is written again before anything else is.

The real thing, with a standby that is promoted, is in tests/cluster/faults.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from delivery.clockwork import START, Engine, engine, until
from delivery.test_nodes import STANDS, is_idle, leaving

from waremind.whatsapp.reports import NotSent, Outcome, Sent

pytestmark = pytest.mark.anyio

MINUTE = timedelta(minutes=1)
CUT_OFF = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
      AND pid NOT IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory')
"""
LOSE_MARK = "UPDATE deliveries SET status = 'scheduled', attempts = 0, finished_at = NULL"
LOSE_ENDING = "UPDATE deliveries SET status = 'sending', message_id = NULL, finished_at = NULL"
LOSE_RUN = "DELETE FROM runs"
UNCLAIM = """
    UPDATE reminders r SET revision = b.revision, state = b.state, next_at = b.next_at,
        next_nominal = b.next_nominal, next_ordinal = b.next_ordinal, next_number = b.next_number
    FROM before b WHERE r.id = b.id
"""


async def lose(playing: Engine, *statements: str) -> None:
    """Take back what was committed, and have every connection made anew."""
    await playing.sql("BEGIN")
    for each in statements:
        await playing.sql(each)
    await playing.sql("COMMIT")
    await playing.sql(CUT_OFF)
    playing.daemon.scheduler.wake()
    playing.daemon.sender.work_for([row.id for row in playing.daemon.accounts.rows()])


@pytest.mark.parametrize(
    "lost",
    [(LOSE_ENDING,), (LOSE_MARK,), (LOSE_RUN, UNCLAIM)],
    ids=["its ending", "its mark", "its claim"],
)
async def test_what_was_sent_is_not_sent_again_and_is_in_the_history(
    dsn: str, tmp_path: Path, lost: tuple[str, ...]
) -> None:
    async with engine(dsn, tmp_path) as playing:
        await playing.add("soon", at="2026-03-02T08:01:00")
        await playing.add("later", at="2026-03-02T08:03:00")
        await playing.sql("CREATE TEMPORARY TABLE before AS SELECT * FROM reminders")
        await playing.pass_to(START + MINUTE)
        await until(lambda: is_idle(playing))
        before = await playing.sql("SELECT id, number FROM runs")
        await lose(playing, *lost)
        await playing.wait_for("SELECT 1 FROM deliveries WHERE status = 'sent'")
        assert [run for run, _ in await playing.sql("SELECT id, number FROM runs")] == [
            run for run, _ in before
        ]
        await playing.pass_to(START + 3 * MINUTE)
        assert [seen.text for seen in playing.sent] == ["soon", "later"]
        assert await playing.became("soon") == [("sent", None, 1)]


@pytest.mark.parametrize(
    ("outcome", "end"), [(Sent("3EB0LATE"), "sent"), (NotSent("not connected"), "scheduled")]
)
async def test_what_is_leaving_is_marked_again_and_ends_as_it_does(
    dsn: str, tmp_path: Path, outcome: Outcome, end: str
) -> None:
    async with leaving(dsn, tmp_path) as playing:
        session = playing.gateway.sessions[-1]
        await lose(playing, LOSE_MARK)
        await playing.wait_for("SELECT 1 FROM deliveries WHERE status = 'sending'")
        playing.gateway.whatsapp.answer = lambda _message: Sent("3EB0AGAIN")
        session.release(outcome)
        await until(lambda: is_status(playing, end))


async def is_status(playing: Engine, status: str) -> bool:
    return await playing.sql("SELECT status FROM deliveries") == [(status,)]


async def test_what_is_leaving_of_an_account_that_is_another_session_s_is_unknown(
    dsn: str, tmp_path: Path
) -> None:
    async with leaving(dsn, tmp_path) as playing:
        await lose(playing, LOSE_MARK, "UPDATE accounts SET session = session + 1")
        await playing.wait_for("SELECT 1 FROM deliveries WHERE status = 'unknown'")
        ((status, reason, _),) = await playing.sql(STANDS)
        assert (status, reason) == ("unknown", "crashed")


async def test_where_nothing_is_lost_nothing_is_written(dsn: str, tmp_path: Path) -> None:
    async with leaving(dsn, tmp_path) as playing:
        look = "SELECT xmin::text, status FROM deliveries"
        before = await playing.sql(look)
        await lose(playing)
        async with playing.daemon.runtime.database.connection():
            assert await playing.sql(look) == before
