"""A PostgreSQL of the operator's: another version, with its own settings, by TCP with passwords."""

import contextlib
import itertools
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import psycopg
from psycopg.conninfo import make_conninfo

from waremind.store.database import OLDEST_VERSION
from waremind.store.embedded.child import LAUNCH
from waremind.store.embedded.identity import candidates

INSTALLED = {
    int(path.parent.name): path
    for path in Path("/usr/lib/postgresql").glob("[0-9]*/bin")
    if int(path.parent.name) >= OLDEST_VERSION
}
PASSWORD = "se/same@%"  # noqa: S105 - of a server that lives for one test
GERMAN = "de_DE.UTF-8"


@dataclass
class YourPostgres:
    """A running server with the role `waremind`, which owns the databases that are made here."""

    directory: Path
    port: int
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def connect(self, dbname: str = "postgres") -> psycopg.Connection:
        """Connect as the superuser, by the socket."""
        place = {"host": str(self.directory), "port": self.port, "user": "admin"}
        return psycopg.connect(make_conninfo(**place, dbname=dbname), autocommit=True)

    def execute(self, *statements: str, dbname: str = "postgres") -> None:
        """Run statements as the superuser."""
        with self.connect(dbname) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def dsn(self, **given: object) -> str:
        """Spell how `waremind` connects."""
        place = {"host": "127.0.0.1", "port": self.port, "dbname": "postgres"}
        return make_conninfo(**{**place, "user": "waremind", "password": PASSWORD, **given})

    @contextlib.contextmanager
    def database(self, *settings: str) -> Generator[str]:
        """Make an empty database whose sessions have these settings; yields its name."""
        name = f"test_{next(self.numbers)}"
        self.execute(
            f"CREATE DATABASE {name} OWNER waremind TEMPLATE template0",
            *(f"ALTER DATABASE {name} SET {setting}" for setting in settings),
        )
        yield name
        self.execute(f"DROP DATABASE {name} WITH (FORCE)")


def start(
    place: Path,
    command: Sequence[str | Path],
    *,
    inside: Sequence[str] = (),
    stderr: IO[bytes] | None = None,
    **environment: str,
) -> subprocess.Popen[bytes]:
    """Start a program as somebody who may run PostgreSQL; it ends with us.

    `inside` begins the command where it is to run on another machine.
    """
    identity = candidates(place / "data")[0]
    launch = [sys.executable, "-I", "-S", LAUNCH, str(os.getpid()), identity.word, place]
    return subprocess.Popen(
        [*inside, *launch, *command],
        stdout=subprocess.DEVNULL,
        stderr=stderr,
        env=os.environ | environment,
    )


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@contextlib.contextmanager
def running(place: Path, programs: Path, *settings: str) -> Generator[YourPostgres]:
    """Run a server as it is when it was installed, but for `settings`."""
    initdb = [programs / "initdb", "-D", place / "data", "-U", "admin", "-E", "UTF8", "-N"]
    auth = ["--auth-host=scram-sha-256", "--auth-local=trust", "--locale=C"]
    assert start(place, [*initdb, *auth]).wait() == 0
    with (place / "data/pg_hba.conf").open("a") as rules:
        rules.write("host all waremind samenet scram-sha-256\n")
    yours = YourPostgres(place, free_port())
    fixed = ["fsync=off", f"unix_socket_directories={place}", f"port={yours.port}"]
    fixed.append("listen_addresses=*")
    options = [part for setting in (*fixed, *settings) for part in ("-c", setting)]
    command = [programs / "postgres", "-D", place / "data", *options]
    server = start(place, command, LOCPATH=str(place))
    try:
        wait_until_ready(yours, server)
        yours.execute(f"CREATE ROLE waremind LOGIN PASSWORD '{PASSWORD}'")
        yield yours
    finally:
        server.send_signal(signal.SIGINT)
        server.wait()


def speaks_german(place: Path) -> bool:
    """Make the locale in which a server speaks German; False where the machine has none."""
    with contextlib.suppress(FileNotFoundError):
        command = ["localedef", "-i", "de_DE", "-f", "UTF-8", "--no-archive", place / GERMAN]
        return subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode == 0
    return False


def wait_until_ready(yours: YourPostgres, server: subprocess.Popen[bytes]) -> None:
    """Wait until the server takes connections."""
    while server.poll() is None:
        with contextlib.suppress(psycopg.OperationalError):
            return yours.connect().close()
    raise AssertionError(server.returncode)
