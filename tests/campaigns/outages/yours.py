"""A PostgreSQL of yours on a small disk of its own, and the pooler before it."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from daemon_process import until
from psycopg.conninfo import make_conninfo
from store.yours import PASSWORD, free_port, start

from waremind.store.embedded.programs import find

CLONE_NEWNS = 0x20000
DISK_MB = 400  # a cluster takes 80, and a flood of messages does not fill the rest
POOLER = Path("/usr/sbin/pgbouncer")
OPTIONS = ("fsync=off", "max_wal_size=64MB", "min_wal_size=32MB", "listen_addresses=127.0.0.1")
INI = """
[databases]
waremind = host=127.0.0.1 port={port} dbname=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {pooled}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {place}/users
pool_mode = session
default_pool_size = 40
"""


class Yours:
    """The server, and PgBouncer in session mode before it where the machine has one."""

    def __init__(self, place: Path, *, small_disk: bool) -> None:
        self.place = place
        self.data = place / "data"
        self.has_small_disk = small_disk
        self.has_pooler = POOLER.exists()
        self._programs = find(None)
        self._port, self._pooled = free_port(), free_port()
        self._server: subprocess.Popen[bytes] | None = None
        self._pooler: subprocess.Popen[bytes] | None = None

    @property
    def dsn(self) -> str:
        """Say how the daemon connects."""
        name, port = ("waremind", self._pooled) if self.has_pooler else ("postgres", self._port)
        place = {"host": "127.0.0.1", "port": port, "dbname": name}
        return make_conninfo(**place, user="waremind", password=PASSWORD)

    def connect(self) -> psycopg.Connection:
        """Connect as the superuser, past the pooler."""
        dsn = make_conninfo(host=str(self.place), port=self._port, user="admin", dbname="postgres")
        return psycopg.connect(dsn, autocommit=True, application_name="a stranger")

    def make(self) -> None:
        """Make the cluster, start it, and the pooler."""
        initdb = [self._programs / "initdb", "-D", self.data, "-U", "admin", "-N"]
        auth = ["-E", "UTF8", "--auth-host=scram-sha-256", "--auth-local=trust", "--locale=C"]
        assert start(self.place, [*initdb, *auth]).wait() == 0
        self.start()
        with self.connect() as connection:
            connection.execute(f"CREATE ROLE waremind LOGIN PASSWORD '{PASSWORD}'".encode())
            connection.execute("GRANT ALL ON SCHEMA public TO waremind")
        self.start_pooler()

    def start(self) -> None:
        """Start the server, and wait until it takes connections."""
        given = (*OPTIONS, f"port={self._port}", f"unix_socket_directories={self.place}")
        options = [part for setting in given for part in ("-c", setting)]
        command = [self._programs / "postgres", "-D", self.data, *options]
        with (self.place.parent / "postgres.log").open("ab") as log:
            self._server = start(self.place, command, stderr=log)
        until(self._answers, "PostgreSQL to answer")

    def _answers(self) -> bool:
        with contextlib.suppress(psycopg.OperationalError):
            self.connect().close()
            return True
        return False

    def stop(self, number: signal.Signals = signal.SIGINT) -> None:
        """End the server; that it has ended already is no matter."""
        if self._server:
            self._server.send_signal(number)
            self._server.wait()

    def crash(self) -> None:
        """End the server without its having put anything in order, and start it again."""
        self.stop(signal.SIGQUIT)
        self.start()

    def start_pooler(self) -> None:
        """Start the pooler, where there is one."""
        if not self.has_pooler:
            return
        ini = INI.format(port=self._port, pooled=self._pooled, place=self.place)
        (self.place / "users").write_text(f'"waremind" "{PASSWORD}"\n')
        (self.place / "ini").write_text(ini)
        with (self.place.parent / "pooler.log").open("ab") as log:
            self._pooler = start(self.place, [POOLER, "-q", self.place / "ini"], stderr=log)

    def stop_pooler(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End the pooler."""
        if self._pooler:
            self._pooler.send_signal(number)
            self._pooler.wait()

    def freeze(self, number: signal.Signals) -> None:
        """Stop all processes of the server, or (SIGCONT) let them go on."""
        assert self._server
        pid = self._server.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for each in (pid, *map(int, children)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(each, number)

    @contextmanager
    def full(self) -> Iterator[None]:
        """Fill the disk; in the end there is room again, and the server is restarted."""
        balloon = self.place / "balloon"
        with balloon.open("wb") as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(2**20))
                file.flush()
        try:
            yield
        finally:
            balloon.unlink()
            self.stop()
            self.start()


def is_small_disk(place: Path) -> bool:
    """Make a directory a disk of its own, which ends with us; False where that cannot be done."""
    if ctypes.CDLL(None).unshare(CLONE_NEWNS) != 0:
        return False
    disk = ["-t", "tmpfs", "-o", f"size={DISK_MB}m,mode=711", "waremind", str(place)]
    mounts = (["--make-rprivate", "/"], disk)
    return all(subprocess.run(["mount", *words], check=False).returncode == 0 for words in mounts)


@contextmanager
def running() -> Iterator[Yours]:
    """Run the server, on a disk of its own where that can be made: as root."""
    directory = Path(tempfile.mkdtemp(prefix="wm-"))
    directory.chmod(0o711)
    place = directory / "disk"
    place.mkdir()
    mounted = is_small_disk(place)
    yours = Yours(place, small_disk=mounted)
    try:
        yours.make()
        yield yours
    finally:
        yours.stop_pooler()
        yours.stop()
        if mounted:
            subprocess.run(["umount", place], check=True)
        subprocess.run(["rm", "-rf", directory], check=True)
