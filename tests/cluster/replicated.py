"""Two PostgreSQL of yours: a primary and its standby, which can be promoted."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
from cables import Machine
from cluster.proxy import Proxy
from daemon_process import until
from psycopg.conninfo import make_conninfo
from store.yours import PASSWORD, free_port, start

from waremind.store.embedded.programs import find

SETTINGS = ("fsync=off", "max_wal_size=64MB", "min_wal_size=32MB", "wal_keep_size=64MB")


def dsn(host: str, port: int) -> str:
    """Spell how the daemon connects."""
    place = {"host": host, "port": port, "dbname": "waremind"}
    return make_conninfo(**place, user="waremind", password=PASSWORD)


class Server:
    """One of the two, or the only one; on a machine of its own perhaps."""

    def __init__(self, place: Path, machine: Machine | None = None) -> None:
        self.place = place
        self.port = free_port()
        self._inside = machine.inside if machine else ()
        self._programs = find(None)
        self._process: subprocess.Popen[bytes] | None = None
        place.mkdir()

    @property
    def socket_dsn(self) -> str:
        return make_conninfo(host=str(self.place), port=self.port, user="admin", dbname="postgres")

    def make(self) -> None:
        """Make it from nothing."""
        auth = ["--auth-host=scram-sha-256", "--auth-local=trust", "--locale=C"]
        self._run("initdb", "-U", "admin", "-E", "UTF8", "-N", *auth)
        with (self.place / "data/pg_hba.conf").open("a") as rules:
            rules.write("host all all all scram-sha-256\n")
        self.start()
        self.execute(f"CREATE ROLE waremind LOGIN PASSWORD '{PASSWORD}'")
        self.execute("CREATE DATABASE waremind OWNER waremind")

    def copy(self, primary: Server) -> None:
        """Make it a standby."""
        dsn = f"host={primary.place} port={primary.port} user=admin application_name=standby"
        self._run("pg_basebackup", "-d", dsn, "-X", "stream", "-R", "-c", "fast", "-N")
        self.start()

    def start(self) -> None:
        given = [*SETTINGS, f"port={self.port}", f"unix_socket_directories={self.place}"]
        if self._inside:
            given.append("listen_addresses=*")
        options = [part for setting in given for part in ("-c", setting)]
        command = [self._programs / "postgres", "-D", self.place / "data", *options]
        with (self.place.parent / "postgres.log").open("ab") as log:
            self._process = start(self.place, command, inside=self._inside, stderr=log)
        until(self._answers, "PostgreSQL to answer")

    def stop(self, number: signal.Signals = signal.SIGINT) -> None:
        """End it (SIGQUIT: without writing anything); that it has ended already is no matter."""
        if self._process:
            self._process.send_signal(number)
            self._process.wait(30)

    def freeze(self, number: signal.Signals) -> None:
        """Stop all its processes, or (SIGCONT) let them go on."""
        assert self._process
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text()
        for pid in (self._process.pid, *map(int, children.split())):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def execute(self, statement: str) -> list[tuple[object, ...]]:
        with psycopg.connect(self.socket_dsn, autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def set(self, name: str, value: str) -> None:
        """Change a setting at once."""
        self.execute(f"ALTER SYSTEM SET {name} = '{value}'")
        self.execute("SELECT pg_reload_conf()")

    def _answers(self) -> bool:
        with contextlib.suppress(psycopg.OperationalError):
            psycopg.connect(self.socket_dsn).close()
            return True
        return False

    def _run(self, program: str, *arguments: str) -> None:
        command = [self._programs / program, "-D", self.place / "data", *arguments]
        assert start(self.place, command).wait() == 0


class Replicated:
    """A primary with its standby, and a way for each node to whichever of them is the primary."""

    def __init__(self, directory: Path) -> None:
        self.primary, self.standby = Server(directory / "one"), Server(directory / "two")
        self.ways: list[Proxy] = []

    def make(self) -> None:
        self.primary.make()
        self.standby.copy(self.primary)
        until(self.is_streaming, "the standby to stream")

    def way(self) -> Proxy:
        self.ways.append(Proxy(self.primary.port))
        return self.ways[-1]

    def wait_for_standby(self) -> None:
        """Let all commits wait for the standby from now on."""
        self.primary.set("synchronous_standby_names", "standby")
        look = "SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'"
        until(lambda: self.primary.execute(look), "replication to be synchronous")

    def is_streaming(self) -> bool:
        """Tell whether the standby has everything."""
        look = "SELECT 1 FROM pg_stat_replication WHERE replay_lsn = pg_current_wal_lsn()"
        return bool(self.primary.execute(look))

    def detach(self) -> None:
        """Have the standby fall behind for good."""
        until(self.is_streaming, "the standby to have everything")
        self.standby.set("primary_conninfo", "")
        look = "SELECT 1 FROM pg_stat_replication"
        until(lambda: not self.primary.execute(look), "the standby to fall behind")

    def fail_over(self) -> None:
        """Kill the primary, promote the standby, and lead all ways there."""
        self.primary.stop(signal.SIGQUIT)
        self.standby.set("synchronous_standby_names", "")
        self.standby.execute("SELECT pg_promote()")
        self.primary, self.standby = self.standby, self.primary
        for way in self.ways:
            way.lead_to(self.primary.port)

    def rebuild(self) -> None:
        """Make a new standby in the place of the primary that was killed, and wait for it."""
        shutil.rmtree(self.standby.place)
        self.standby = Server(self.standby.place)
        self.standby.copy(self.primary)
        self.wait_for_standby()

    def close(self) -> None:
        for way in self.ways:
            way.close()
        for server in (self.standby, self.primary):
            server.stop()


@contextlib.contextmanager
def passable() -> Iterator[Path]:
    """Make a directory that root's PostgreSQL can pass, which is another user."""
    directory = Path(tempfile.mkdtemp(prefix="wm-"))
    directory.chmod(0o711)
    try:
        yield directory
    finally:
        shutil.rmtree(directory)


@contextlib.contextmanager
def replicated() -> Iterator[Replicated]:
    """Run both."""
    with passable() as directory:
        servers = Replicated(directory)
        try:
            servers.make()
            yield servers
        finally:
            servers.close()


@contextlib.contextmanager
def single(machine: Machine | None = None) -> Iterator[Server]:
    """Run one without a standby, on a machine of its own perhaps."""
    with passable() as directory:
        server = Server(directory / "one", machine)
        try:
            server.make()
            yield server
        finally:
            server.stop()
