"""A PostgreSQL of the operator's: another version, reached by TCP with a password."""

from pathlib import Path

import pytest
from store.yours import INSTALLED, PASSWORD, YourPostgres

from waremind.errors import WaremindError
from waremind.store.database import Database, connect
from waremind.store.embedded import EmbeddedPostgres
from waremind.store.lock import DaemonLock
from waremind.store.migrations import migrate, read
from waremind.store.privileges import Role, read_role


async def test_everything_above_is_the_same_for_the_operator_s_own_server(
    yours: YourPostgres,
) -> None:
    with yours.database() as name:
        dsn = yours.dsn(dbname=name)
        lock = DaemonLock(dsn)
        await lock.take()
        async with Database(dsn) as database:
            async with database.connection() as connection:
                assert await migrate(connection, read()) == len(read())
            async with database.transaction() as connection:
                await connection.execute("SELECT count(*) FROM accounts")
        await lock.release()


@pytest.mark.parametrize(
    ("given", "taken", "powers"),
    [
        ("SELECT 1", "SELECT 1", []),
        ("ALTER ROLE waremind SUPERUSER", "ALTER ROLE waremind NOSUPERUSER", ["is a superuser"]),
        (
            "GRANT pg_execute_server_program TO waremind",
            "REVOKE pg_execute_server_program FROM waremind",
            ["runs programs"],
        ),
    ],
)
async def test_what_its_role_may_do_beside_its_work_is_known(
    yours: YourPostgres, given: str, taken: str, powers: list[str]
) -> None:
    yours.execute(given)
    try:
        async with await connect(yours.dsn()) as connection:
            assert await read_role(connection) == Role("waremind", powers)
    finally:
        yours.execute(taken)


async def test_its_password_is_in_no_error(yours: YourPostgres) -> None:
    with pytest.raises(WaremindError) as caught:
        await connect(yours.dsn(dbname="nowhere"))
    assert "127.0.0.1" in caught.value.message
    for secret in (PASSWORD, "se%2Fsame"):
        assert secret not in f"{caught.value.message} {caught.value.hint}"


@pytest.mark.parametrize("bin_dir", INSTALLED.values(), ids=map(str, INSTALLED))
async def test_its_programs_can_be_those_of_the_embedded_server(place: Path, bin_dir: Path) -> None:
    server = EmbeddedPostgres(place / "postgres", bin_dir=bin_dir, settings={"fsync": "off"})
    try:
        async with await connect(await server.start()) as connection:
            assert await migrate(connection, read()) == len(read())
    finally:
        await server.stop()
