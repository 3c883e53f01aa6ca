"""A PostgreSQL of the operator's: another version, reached by TCP with a password."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from waremind.errors import WaremindError
from waremind.store.database import OLDEST_VERSION, Database, connect
from waremind.store.embedded.child import LAUNCH
from waremind.store.embedded.identity import candidates
from waremind.store.lock import DaemonLock
from waremind.store.migrations import migrate, read

INSTALLED = {
    int(path.parent.name): path
    for path in Path("/usr/lib/postgresql").glob("[0-9]*/bin")
    if int(path.parent.name) >= OLDEST_VERSION
}


def start(place: Path, command: Sequence[str | Path]) -> subprocess.Popen[bytes]:
    """Start a program as somebody who may run PostgreSQL; it ends with us."""
    identity = candidates(place / "data")[0]
    launch = [sys.executable, "-I", "-S", LAUNCH, str(os.getpid()), identity.word, place]
    return subprocess.Popen([*launch, *command], stdout=subprocess.DEVNULL)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@pytest.fixture
def external(place: Path) -> Iterator[str]:
    """Run the oldest PostgreSQL that is installed; this is the DSN of an operator's database."""
    if not INSTALLED:
        pytest.skip(f"no PostgreSQL from {OLDEST_VERSION} on is installed")
    programs = INSTALLED[min(INSTALLED)]
    (place / "password").write_text("se/same@%\n")
    initdb = [programs / "initdb", "-D", place / "data", "-U", "waremind", "-E", "UTF8", "-N"]
    auth = ["--auth=scram-sha-256", f"--pwfile={place / 'password'}", "--locale=C"]
    assert start(place, [*initdb, *auth]).wait() == 0
    port = free_port()
    settings = ["-c", "fsync=off", "-c", f"unix_socket_directories={place}", "-p", str(port)]
    server = start(place, [programs / "postgres", "-D", place / "data", *settings])
    dsn = f"postgresql://waremind:se%2Fsame%40%25@127.0.0.1:{port}/postgres"
    wait_until_ready(dsn, server)
    yield dsn
    server.terminate()
    server.wait()


def wait_until_ready(dsn: str, server: subprocess.Popen[bytes]) -> None:
    while server.poll() is None:
        try:
            return psycopg.connect(dsn).close()
        except psycopg.OperationalError:
            continue
    raise AssertionError(server.returncode)


async def test_everything_above_is_the_same_for_the_operator_s_own_server(external: str) -> None:
    lock = DaemonLock(external)
    await lock.take()
    async with Database(external) as database:
        async with database.connection() as connection:
            assert connection.info.server_version // 10_000 == min(INSTALLED)
            assert await migrate(connection, read()) == len(read())
        async with database.transaction() as connection:
            await connection.execute("SELECT count(*) FROM accounts")
    await lock.release()


async def test_its_password_is_in_no_error(external: str) -> None:
    with pytest.raises(WaremindError) as caught:
        await connect(make_conninfo(external, dbname="nowhere"))
    assert "127.0.0.1" in caught.value.message
    for secret in ("se/same@%", "se%2Fsame"):
        assert secret not in f"{caught.value.message} {caught.value.hint}"
