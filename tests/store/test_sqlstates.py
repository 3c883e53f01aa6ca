"""Whatever PostgreSQL answers, an operator is told what to do, and the daemon goes on."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import psycopg
import pytest
from daemon_process import DaemonProcess, environment
from store.sqlstates import (
    AT_LOGIN,
    AT_MIGRATING,
    AT_WRITING,
    SQLSTATES,
    Refusing,
    is_ours,
    stays,
    stays_at_connecting,
)

from waremind.daemon.system.failures import Failures
from waremind.daemon.system.tasks import run_forever
from waremind.errors import ErrorCode, MisconfigurationError, WaremindError
from waremind.requests.account import AccountAdd
from waremind.requests.daemon import Status
from waremind.store.database import Database, connect
from waremind.store.health import check_at_rest
from waremind.store.migrations import migrate, read
from waremind.store.refusals import UNREACHABLE, not_reached

WRITE = "UPDATE accounts SET label = label"
DELETED = "23503"  # a row that is referred to: no bug, somebody was faster


@contextmanager
def refusing(dsn: str, where: str) -> Iterator[Refusing]:
    """Let the database of a test refuse somewhere."""
    playing = Refusing.play(dsn, where)
    with playing.connection:
        yield playing


def is_told_with_its_cure(error: WaremindError, sqlstate: str) -> bool:
    """Tell whether an operator can act on what is said, and whether the same may be asked again."""
    return (
        error.code is ErrorCode.DATABASE_UNAVAILABLE
        and error.code.retryable
        and error.code.exit_code == 1
        and f"it says {sqlstate}" in error.message
        and UNREACHABLE.sentence not in error.message
        and error.hint != error.code.hint
        and "report" not in error.hint
    )


def test_all_that_there_are_is_tried() -> None:
    assert len(SQLSTATES) > 240
    assert {sqlstate[:2] for sqlstate in SQLSTATES} >= {"08", "22", "42", "57", "HV", "XX"}


def test_whatever_a_server_says_at_connecting_is_told_with_its_cure() -> None:
    wrong = {}
    for sqlstate in SQLSTATES:
        said = psycopg.OperationalError(f"FATAL: it says {sqlstate}")
        error = not_reached("dbname=waremind", said, sqlstate)
        ends = isinstance(error, MisconfigurationError)
        if ends != stays_at_connecting(sqlstate) or not is_told_with_its_cure(error, sqlstate):
            wrong[sqlstate] = ends, error.message, error.hint
    assert wrong == {}


async def test_a_code_of_each_class_is_heard_from_a_server_that_refuses_a_connection(
    dsn: str,
) -> None:
    with refusing(dsn, AT_WRITING) as playing:
        if playing.connection.info.server_version < 170_000:
            pytest.skip("this PostgreSQL has no trigger for it")
        playing.connection.execute(AT_LOGIN)
        for sqlstate in {each[:2]: each for each in SQLSTATES}.values():
            playing.say(sqlstate)
            with pytest.raises(WaremindError) as caught:
                await connect(dsn)
            assert is_told_with_its_cure(caught.value, sqlstate)


async def test_whatever_a_server_says_to_a_daemon_that_starts_is_told_with_its_cure(
    dsn: str,
) -> None:
    wrong = {}
    with refusing(dsn, AT_MIGRATING) as playing:
        async with await connect(dsn) as connection:
            for sqlstate in playing.each():
                try:
                    await migrate(connection, read())
                except WaremindError as error:
                    ends = isinstance(error, MisconfigurationError)
                    if ends != stays(sqlstate) or not is_told_with_its_cure(error, sqlstate):
                        wrong[sqlstate] = ends, error.message, error.hint
                except psycopg.Error:
                    if not is_ours(sqlstate):
                        wrong[sqlstate] = False, "a bug", ""
            await migrate(connection, read())
    assert wrong.pop(DELETED)
    assert wrong == {}


async def test_whatever_a_server_says_to_a_loop_is_told_and_the_loop_goes_on(dsn: str) -> None:
    failures = Failures(lambda: datetime.now(UTC))
    wrong: dict[str, str] = {}
    said: list[str] = []
    with refusing(dsn, AT_WRITING) as playing:
        sqlstates = playing.each()

        async def write() -> bool:
            for failing in failures.failing():
                if (failing.error.code is ErrorCode.INTERNAL) != is_ours(said[-1]):
                    wrong[said[-1]] = failing.error.message
            said.extend(islice(sqlstates, 1))
            async with database.transaction() as connection:
                await connection.execute(WRITE)
            return False

        async with Database(dsn) as database:
            with pytest.raises(DoneError):
                await run_forever(failures, "write", write, rest, patience_seconds=0)
    assert said == SQLSTATES
    assert wrong.pop(DELETED)
    assert (wrong, failures.failing()) == ({}, [])


class DoneError(Exception):
    """Nothing is refused any more."""


async def rest() -> None:
    raise DoneError


def test_whatever_a_server_says_to_an_operators_command_is_told_and_ends_nothing(dsn: str) -> None:
    with DaemonProcess(environment(dsn=dsn)) as daemon, daemon.client() as client:
        with refusing(dsn, AT_WRITING) as playing:
            wrong = {}
            for sqlstate in playing.each():
                with pytest.raises(WaremindError) as caught:
                    client.call(AccountAdd(label=f"for {sqlstate}"))
                error = caught.value
                if error.code is ErrorCode.INTERNAL and is_ours(sqlstate):
                    continue
                if not is_told_with_its_cure(error, sqlstate):
                    wrong[sqlstate] = error.code, error.message, error.hint
        assert wrong.keys() <= {DELETED, "23505"}, wrong
        assert client.call(AccountAdd(label="then")).changed
        assert client.call(Status()).ok


async def test_a_database_at_rest_that_has_become_another_is_told_with_its_cure(dsn: str) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute("ALTER TABLE schema_migrations DROP COLUMN version")
    with pytest.raises(MisconfigurationError, match="not those of waremind"):
        await check_at_rest(dsn, Path(), None)


async def test_a_database_with_tables_of_another_program_is_a_configuration_error(
    empty_dsn: str,
) -> None:
    with psycopg.connect(empty_dsn) as connection:
        connection.execute("CREATE TABLE accounts (of_another_program text)")
    async with await connect(empty_dsn) as connection:
        with pytest.raises(MisconfigurationError, match="not those of waremind") as caught:
            await migrate(connection, read())
    assert "a database of its own" in caught.value.hint
