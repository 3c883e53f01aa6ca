"""Nothing leaves, whatever the cause: status and doctor say so, and it goes on by itself."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from delivery.clockwork import ONE_A_MINUTE, START, Engine, engine, until
from fake_gateway import FakeWhatsApp
from postgres_fixtures import FAST

from waremind.daemon.status.doctor.rounds import RUNNING, examine
from waremind.daemon.status.report import ANSWER_SECONDS, status_report
from waremind.daemon.status.watchdog import status_line
from waremind.objects import StatusAttention
from waremind.store import migrations
from waremind.store.database import connect
from waremind.store.embedded import EmbeddedPostgres
from waremind.store.lock import LOCK
from waremind.whatsapp.reports import NotSent, Sent

pytestmark = pytest.mark.anyio

MINUTE = timedelta(minutes=1)
# What a standby needs to have been.
REPLICA = {"wal_level": "replica", "max_wal_senders": "1"}


@asynccontextmanager
async def kept(playing: Engine) -> AsyncIterator[None]:
    """Keep the daemon's lock, as the daemon does."""
    runtime = playing.daemon.runtime

    def hear(why: Exception | None) -> None:
        runtime.failures.hear("hold the lock", why)  # pyright: ignore[reportArgumentType]

    keeping = asyncio.create_task(runtime.membership.keep(hear))
    try:
        yield
    finally:
        keeping.cancel()
        await asyncio.wait([keeping])


async def needs(playing: Engine) -> dict[str, StatusAttention]:
    """List what the daemon itself needs a person for, by code."""
    report = await status_report(playing.daemon)
    assert report.ok == (not report.attention)
    return {each.code: each for each in report.attention if each.kind == "daemon"}


async def needs_a_person(playing: Engine, code: str) -> StatusAttention:
    """Wait until status has a need of the daemon's own."""

    async def found() -> bool:
        return code in await needs(playing)

    await until(found)
    return (await needs(playing))[code]


async def is_well(playing: Engine) -> None:
    """Wait until nothing needs a person any more."""

    async def well() -> bool:
        return (await status_report(playing.daemon)).ok

    await until(well)


async def doctor(playing: Engine, check: str) -> list[str]:
    """Say what the doctor finds at one check."""
    results = await examine(RUNNING, playing.daemon)
    return [each.text for each in results if each.check == check and each.status != "ok"]


@pytest.fixture
async def server() -> AsyncIterator[EmbeddedPostgres]:
    """Run a PostgreSQL of yours, which a test may stop, or make a standby."""
    directory = Path(tempfile.mkdtemp(prefix="waremind-"))
    directory.chmod(0o711)
    server = EmbeddedPostgres(directory / "postgres", settings=FAST | REPLICA)
    async with await connect(await server.start()) as connection:
        await migrations.migrate(connection, migrations.read())
    yield server
    await server.stop()
    shutil.rmtree(directory)


def standby(server: EmbeddedPostgres) -> Path:
    """Give the file that makes the server a standby at its next start."""
    socket = psycopg.conninfo.conninfo_to_dict(server.dsn)["host"]
    return Path(str(socket)).with_name("data") / "standby.signal"


async def test_a_failover_to_a_standby_is_told_and_sends_go_on_once_it_is_promoted(
    server: EmbeddedPostgres, tmp_path: Path
) -> None:
    async with engine(server.dsn, tmp_path) as playing, kept(playing):
        await playing.add("soon", at="2026-03-02T08:01:00")
        await server.stop()
        standby(server).touch()
        await server.start()
        told = await needs_a_person(playing, "database_not_writable")
        assert "read" in told.text
        assert await doctor(playing, "database")
        report = await status_report(playing.daemon)
        assert any(need.text in status_line(report) for need in report.attention)
        playing.clock.pass_to(START + 3 * MINUTE)
        assert {"database_not_writable", "overdue"} <= set(await needs(playing))
        async with await connect(server.dsn) as connection:
            await connection.execute("SELECT pg_promote()")
        await is_well(playing)
        assert [seen.text for seen in playing.sent] == ["soon"]


async def test_a_database_that_is_away_is_told_and_what_was_sent_is_written_when_it_is_back(
    server: EmbeddedPostgres, tmp_path: Path
) -> None:
    async with engine(server.dsn, tmp_path) as playing, kept(playing):
        whatsapp: FakeWhatsApp = playing.gateway.whatsapp
        whatsapp.answer = lambda _message: None
        await playing.add("soon", at="2026-03-02T08:01:00")
        playing.clock.pass_to(START + MINUTE)
        session = playing.gateway.sessions[-1]
        await until(lambda: _truth(session.held))
        await server.stop()
        await needs_a_person(playing, "database_unavailable")
        report = await status_report(playing.daemon)
        assert (report.runs, report.next_at) == (None, None)
        session.held[0].set_result(Sent("3EB0"))
        playing.clock.pass_to(START + 10 * MINUTE)
        assert "database_unavailable" in await needs(playing)
        await server.start()
        async with await connect(server.dsn) as connection:

            async def is_written() -> bool:
                cursor = await connection.execute("SELECT status, message_id FROM deliveries")
                return await cursor.fetchall() == [("sent", "3EB0")]

            await until(is_written)
        await is_well(playing)


async def _truth(thing: object) -> bool:
    return bool(thing)


async def test_status_answers_in_time_when_postgres_hangs(
    server: EmbeddedPostgres, tmp_path: Path
) -> None:
    async with engine(server.dsn, tmp_path) as playing:
        await playing.at_rest()
        lock = await psycopg.AsyncConnection.connect(server.dsn)
        await lock.execute("LOCK TABLE deliveries, runs, reminders")
        async with asyncio.timeout(ANSWER_SECONDS + 5):
            told = await needs(playing)
        assert "did not answer within" in told["database_unavailable"].text
        await lock.close()
        await is_well(playing)


async def test_a_lock_that_somebody_else_holds_is_told_with_his_name(
    dsn: str, tmp_path: Path
) -> None:
    async with engine(dsn, tmp_path) as playing, kept(playing):
        async with await connect(dsn) as thief:
            await thief.execute("SET application_name = 'a thief'")
            taking = asyncio.create_task(thief.execute("SELECT pg_advisory_lock(%s)", [LOCK]))
            while not taking.done():
                await playing.sql(CUT_OFF)
                await asyncio.wait([taking], timeout=0.05)

            async def is_named() -> bool:
                return "a thief" in (await needs_a_person(playing, "lock_lost")).text

            await until(is_named)
        await is_well(playing)


CUT_OFF = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted"
# What PostgreSQL says then, in its own code; a real full disk is in the campaigns.
REFUSING = """
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE 'no message may leave' USING ERRCODE = '{}';
    END $$;
    CREATE TRIGGER refuse BEFORE UPDATE OF status ON deliveries EXECUTE FUNCTION refuse()
"""


@pytest.mark.parametrize(
    ("sqlstate", "code"),
    [
        ("53100", "disk_full"),
        ("25006", "database_not_writable"),
        ("P0001", "database_unavailable"),
        ("22012", "internal"),
    ],
)
async def test_what_the_database_refuses_is_told_and_all_leaves_once_it_does_not(
    dsn: str, tmp_path: Path, sqlstate: str, code: str
) -> None:
    async with engine(dsn, tmp_path) as playing:
        await playing.add("soon", at="2026-03-02T08:01:00")
        await playing.sql(REFUSING.format(sqlstate))
        playing.clock.pass_to(START + MINUTE)
        told = await needs_a_person(playing, code)
        assert "no message may leave" in told.text
        assert playing.sent == []
        await playing.sql("DROP TRIGGER refuse ON deliveries")
        await is_well(playing)
        assert [seen.text for seen in playing.sent] == ["soon"]


async def test_a_cause_that_nobody_thought_of_is_found_by_its_effect(
    dsn: str, tmp_path: Path
) -> None:
    async with engine(dsn, tmp_path) as playing:
        await playing.add("soon", at="2026-03-02T08:01:00")
        async with await psycopg.AsyncConnection.connect(dsn) as stranger:
            await stranger.execute("SELECT 1 FROM reminders FOR UPDATE")
            playing.clock.pass_to(START + MINUTE)
            assert "overdue" not in await needs(playing)
            playing.clock.pass_to(START + 2 * MINUTE + timedelta(seconds=1))
            told = (await needs(playing))["overdue"]
            assert "reminder soon" in told.text
            assert told.since.startswith("2026-03-02T08:01:00")
        await is_well(playing)
        assert [seen.text for seen in playing.sent] == ["soon"]


async def test_an_account_that_tries_and_sends_nothing_is_late_since_its_first_try(
    dsn: str, tmp_path: Path
) -> None:
    async with engine(dsn, tmp_path) as playing:
        whatsapp: FakeWhatsApp = playing.gateway.whatsapp
        answer, whatsapp.answer = whatsapp.answer, lambda _message: NotSent("not now")
        await playing.add("soon", at="2026-03-02T08:01:00", grace_seconds=3600)
        await playing.pass_to(START + 2 * MINUTE)
        assert "overdue" not in await needs(playing)
        await playing.pass_to(START + 4 * MINUTE)
        assert "account ops" in (await needs(playing))["overdue"].text
        whatsapp.answer = answer
        await playing.pass_to(START + 10 * MINUTE)
        assert (await status_report(playing.daemon)).ok


async def test_what_the_pace_puts_off_is_not_late(dsn: str, tmp_path: Path) -> None:
    async with engine(dsn, tmp_path, **ONE_A_MINUTE) as playing:
        for number in range(5):
            await playing.add(f"number {number}", at="2026-03-02T08:01:00", grace_seconds=3600)
        for number in range(1, 6):
            playing.clock.pass_to(START + number * MINUTE)
            await until(lambda number=number: _truth(len(playing.sent) == number))
            playing.clock.pass_to(START + number * MINUTE + timedelta(seconds=59))
            assert "overdue" not in await needs(playing)
