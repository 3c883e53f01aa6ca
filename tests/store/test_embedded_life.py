"""The embedded PostgreSQL: how it starts, what it is, how it ends."""

import asyncio
import logging
import os
import stat
import threading
from pathlib import Path

import psycopg
import pytest
from postgres_processes import Servers, kill
from psycopg.rows import TupleRow

from waremind.errors import ErrorCode, WaremindError
from waremind.store.embedded import EmbeddedPostgres
from waremind.store.embedded.server import log_line
from waremind.store.embedded.stale_processes import working_in


async def ask(dsn: str, query: bytes) -> TupleRow | None:
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
        return await (await connection.execute(query)).fetchone()


async def keep(dsn: str) -> None:
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
        await connection.execute("DROP TABLE IF EXISTS kept")
        await connection.execute("CREATE TABLE kept AS SELECT 7 AS number")


async def test_a_new_cluster_has_our_database_in_utf8_with_the_builtin_locale(
    fresh: Servers,
) -> None:
    row = await ask(
        await fresh.make().start(),
        b"SELECT current_database(), current_user, pg_encoding_to_char(encoding), datlocprovider,"
        b" datlocale FROM pg_database WHERE datname = current_database()",
    )
    assert row == ("waremind", "waremind", "UTF8", "b", "C.UTF-8")


async def test_only_its_own_user_reaches_it_and_only_by_the_unix_socket(
    server: EmbeddedPostgres, servers: Servers
) -> None:
    assert await ask(server.dsn, b"SHOW listen_addresses") == ("",)
    sockets = servers.directory / "socket"
    assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
    assert (sockets / ".s.PGSQL.5432").is_socket()


async def test_writes_are_flushed_to_the_disk_unless_a_setting_says_otherwise(
    servers: Servers,
) -> None:
    server = servers.make(fsync="on")
    assert await ask(await server.start(), b"SHOW fsync") == ("on",)


async def test_a_setting_cannot_open_the_server_to_the_network(servers: Servers) -> None:
    server = servers.make(listen_addresses="*")
    assert await ask(await server.start(), b"SHOW listen_addresses") == ("",)


async def test_what_was_committed_is_there_after_the_next_start_at_the_same_dsn(
    server: EmbeddedPostgres,
) -> None:
    await keep(server.dsn)
    before = server.dsn
    await server.stop()
    assert await server.start() == before
    assert await ask(before, b"SELECT number FROM kept") == (7,)


async def test_a_stopped_server_leaves_no_process_and_its_directory_to_the_next(
    servers: Servers,
) -> None:
    first, second = servers.make(), servers.make()
    await first.start()
    await first.stop()
    assert list(working_in(servers.directory / "data")) == []
    await second.start()


async def test_stopping_what_does_not_run_changes_nothing(servers: Servers) -> None:
    server = servers.make()
    await server.stop()
    await server.start()
    await server.stop()
    await server.stop()
    assert server.pid is None


async def test_a_running_server_cannot_be_started_again(server: EmbeddedPostgres) -> None:
    with pytest.raises(RuntimeError, match="runs already"):
        await server.start()
    assert await ask(server.dsn, b"SELECT 1") == (1,)


async def test_a_crash_ends_the_wait_and_the_server_starts_again_with_its_data(
    server: EmbeddedPostgres,
) -> None:
    await keep(server.dsn)
    ended = asyncio.create_task(server.wait())
    kill(server.pid)
    assert await ended == -9
    assert await ask(await server.start(), b"SELECT number FROM kept") == (7,)


async def test_the_server_has_a_session_of_its_own_where_ctrl_c_does_not_reach_it(
    server: EmbeddedPostgres,
) -> None:
    assert os.getsid(server.pid) == server.pid


async def test_nothing_of_our_environment_reaches_the_server(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAREMIND_DATABASE__URL", "postgresql://u:secret@h/d")
    monkeypatch.setenv("PGOPTIONS", "-c max_connections=1")
    server = servers.make()
    await server.start()
    environment = Path(f"/proc/{server.pid}/environ").read_bytes()
    assert b"secret" not in environment
    assert b"PGOPTIONS" not in environment


async def test_what_the_server_says_goes_to_the_log_we_gave(servers: Servers) -> None:
    await servers.make().start()
    assert "LOG:  database system is ready to accept connections" in servers.log


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("LOG:  checkpoint", logging.INFO),
        ("WARNING:  out of space soon", logging.WARNING),
        ("FATAL:  no", logging.ERROR),
        ("PANIC:  no", logging.CRITICAL),
        ("\tcontinued", logging.INFO),
    ],
)
def test_a_line_is_logged_at_its_own_severity_and_marked(
    line: str, level: int, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        log_line(line)
    assert [(record.levelno, record.message) for record in caplog.records] == [
        (level, f"postgres: {line}")
    ]


async def test_it_is_not_started_from_a_thread_whose_end_would_end_it(servers: Servers) -> None:
    server = servers.make()
    caught: list[Exception] = []

    def start() -> None:
        try:
            asyncio.run(server.start())
        except RuntimeError as error:
            caught.append(error)

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert "outside the main thread" in str(caught[0])


async def test_an_idle_server_takes_less_than_20_mb(
    server: EmbeddedPostgres, servers: Servers
) -> None:
    async with await psycopg.AsyncConnection.connect(server.dsn, autocommit=True) as connection:
        await connection.execute("SELECT 1")
        pids = list(working_in(servers.directory / "data"))
        assert connection.info.backend_pid in pids
        rollups = [Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in pids]
    sizes = [line for text in rollups for line in text.splitlines() if line.startswith("Pss:")]
    assert sum(int(line.split()[1]) for line in sizes) < 20_000


async def test_a_setting_that_postgresql_does_not_know_is_told_in_its_words(
    servers: Servers,
) -> None:
    server = servers.make(no_such_setting="1")
    with pytest.raises(WaremindError, match='parameter "no_such_setting"') as caught:
        await server.start()
    assert caught.value.code is ErrorCode.DATABASE_UNAVAILABLE
    with pytest.raises(RuntimeError, match="not started"):
        await servers.make().wait()
