"""PgBouncer between us and the server, as Debian ships it: its mode says whether it will do."""

import asyncio
import contextlib
import os
import re
import select
import subprocess
from collections.abc import Generator
from pathlib import Path

import psycopg
import pytest
from store.yours import PASSWORD, YourPostgres, free_port, start

from waremind.errors import ErrorCode, MisconfigurationError, WaremindError
from waremind.store.database import Database
from waremind.store.lock import DaemonLock
from waremind.store.migrations import migrate, read

SHIPPED = Path("/etc/pgbouncer/pgbouncer.ini")
pytestmark = pytest.mark.skipif(
    not os.access(SHIPPED, os.R_OK), reason="no PgBouncer to read: apt-get install pgbouncer"
)


@contextlib.contextmanager
def pooling(yours: YourPostgres, name: str, place: Path, **changed: object) -> Generator[str]:
    """Run PgBouncer with the shipped settings, but for the places and `changed`; yields the DSN."""
    port = free_port()
    (place / "users").write_text(f'"waremind" "{PASSWORD}"\n')
    database = f"{name} = host=127.0.0.1 port={yours.port} dbname={name}"
    given = {
        "logfile": "",
        "pidfile": "",
        "listen_addr": "127.0.0.1",
        "listen_port": port,
        "unix_socket_dir": "",
        "auth_file": place / "users",
        **changed,
    }
    shipped = SHIPPED.read_text().replace("[databases]", f"[databases]\n{database}")
    for setting in given:
        shipped = re.sub(rf"(?m)^;*{setting} = .*\n", "", shipped)
    (place / "ini").write_text(shipped + "".join(f"{key} = {given[key]}\n" for key in given))
    pooler = start(place, ["/usr/sbin/pgbouncer", place / "ini"])
    try:
        dsn = yours.dsn(dbname=name, port=port)
        wait_until_ready(dsn, pooler)
        yield dsn
    finally:
        pooler.terminate()
        pooler.wait()


def wait_until_ready(dsn: str, pooler: subprocess.Popen[bytes]) -> None:
    while pooler.poll() is None:
        with contextlib.suppress(psycopg.OperationalError):
            return psycopg.connect(dsn).close()
    raise AssertionError(pooler.returncode)


async def test_the_session_mode_of_the_package_will_do(yours: YourPostgres, place: Path) -> None:
    with yours.database() as name, pooling(yours, name, place) as dsn:
        lock = DaemonLock(dsn)
        await lock.take()
        async with Database(dsn) as database, database.connection() as connection:
            assert await migrate(connection, read()) == len(read())
            assert connection.info.backend_pid != await server_pid(connection)
        with pytest.raises(Exception, match="another daemon"):
            await DaemonLock(dsn).take(patience_seconds=0.05)
        await lock.release()


async def test_a_server_that_goes_behind_the_pooler_is_no_bug(
    yours: YourPostgres, place: Path
) -> None:
    with yours.database() as name, pooling(yours, name, place) as dsn:
        async with Database(dsn) as database:
            with pytest.raises(WaremindError, match="received 2 results") as caught:
                await between_two_statements(yours, database)
            assert caught.value.code is ErrorCode.DATABASE_UNAVAILABLE


async def between_two_statements(yours: YourPostgres, database: Database) -> None:
    """End a connection's server; both it and the pooler say so before anything is asked again."""
    async with database.connection() as connection:
        pid = await server_pid(connection)
        yours.execute(f"SELECT pg_terminate_backend({pid})")
        await asyncio.to_thread(select.select, [connection.fileno()], [], [])
        async with connection.transaction():
            pass


@pytest.mark.parametrize("mode", ["transaction", "statement"])
@pytest.mark.parametrize("in_turn", [0, 1])
async def test_a_mode_that_shares_sessions_is_refused_by_name_with_the_cure(
    yours: YourPostgres, place: Path, mode: str, in_turn: int
) -> None:
    changed = {"pool_mode": mode, "server_round_robin": in_turn, "min_pool_size": 3}
    with yours.database() as name, pooling(yours, name, place, **changed) as dsn:
        with pytest.raises(MisconfigurationError, match="pool_mode is transaction") as caught:
            await DaemonLock(dsn).take()
        assert "pool_mode = session" in caught.value.hint
        with yours.connect() as connection:
            locks = connection.execute("SELECT FROM pg_locks WHERE locktype = 'advisory'")
            assert locks.rowcount == 0


async def server_pid(connection: psycopg.AsyncConnection) -> int:
    (pid,) = await (await connection.execute("SELECT pg_backend_pid()")).fetchone() or (0,)
    return pid
