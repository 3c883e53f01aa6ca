"""A machine to break: a real systemd as PID 1 of its own namespaces, on an overlay of a system.

`box/sdbox.sh` boots it. Nothing that happens in it can be seen outside of it.
"""

import contextlib
import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from systemd.systems import UV, System

TESTS = Path(__file__).parents[1]
SDBOX = TESTS / "systemd/box/sdbox.sh"
BOX_UV = Path("/opt/uv")
HOME = Path("/opt/waremind")
PROGRAM = HOME / "bin/waremind"
DEPENDENCIES = HOME / "dependencies"
DROPIN = Path("/etc/systemd/system/waremind.service.d/test.conf")
CONFIG = Path("/etc/waremind/config.toml")
CREDENTIAL = Path("/etc/credstore/waremind.dsn")
PATIENCE_SECONDS = 30.0

Done = subprocess.CompletedProcess[str]


@contextlib.contextmanager
def powered(*options: object) -> Iterator[str]:
    """Boot a machine with these options of sdbox.sh, and power it off in the end; its name."""
    name = f"waremind-{os.getpid()}-{time.monotonic_ns()}"
    try:
        subprocess.run(
            [SDBOX, "up", name, *map(str, options)], check=True, stdout=subprocess.DEVNULL
        )
        yield name
    finally:
        subprocess.run([SDBOX, "down", name], check=True)


@contextlib.contextmanager
def booted(wheel: Path, system: System) -> Iterator["Box"]:
    """Boot a machine without a network, with the wheel installed in /opt/waremind."""
    places = {
        system.packages: DEPENDENCIES,
        wheel: Path("/opt") / wheel.name,
        UV: BOX_UV,
        TESTS: TESTS,
    }
    binds = (f"--bind={source}:{target}" for source, target in places.items())
    with powered(f"--lower={system.root}", *binds) as name:
        box = Box(name, system.python)
        box.install(wheel)
        yield box


class Box:
    """The machine `name` of sdbox.sh; `python` is its system's."""

    def __init__(self, name: str, python: Path) -> None:
        self.name = name
        self.python = python

    def run(self, *command: object, check: bool = True, patience_seconds: float = 300) -> Done:
        """Run a command as root, and fail with what it said."""
        words = [str(SDBOX), "run", self.name, *map(str, command)]
        done = subprocess.run(
            words,
            capture_output=True,
            text=True,
            errors="replace",  # the journal keeps what is no text
            check=False,
            timeout=patience_seconds,
        )
        assert not check or done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done

    def install(self, wheel: Path) -> None:
        """Make /opt/waremind, which users may execute: the wheel, beside the system's packages."""
        self.run(self.python, "-m", "venv", "--without-pip", HOME)
        pth = HOME / "lib" / self.python.name / "site-packages/dependencies.pth"
        self.write(pth, f"{DEPENDENCIES}\n")
        options = ("--offline", "--no-deps", "--compile-bytecode", "--python", HOME / "bin/python")
        self.run(BOX_UV, "pip", "install", "--quiet", *options, f"/opt/{wheel.name}")

    def waremind(self, *arguments: object, check: bool = True, user: str = "root") -> Done:
        """Run the command line as `user`."""
        return self.run("runuser", "-u", user, "--", PROGRAM, *arguments, check=check)

    def ask(self, *arguments: object, user: str = "root") -> Any:
        """Run a command with --json and read what it says."""
        return json.loads(self.waremind(*arguments, "--json", user=user).stdout)

    def systemctl(self, *arguments: object, check: bool = True) -> Done:
        return self.run("systemctl", *arguments, check=check)

    def show(self, name: str) -> str:
        """Read a property of waremind.service."""
        return self.systemctl("show", "--value", f"--property={name}", "waremind").stdout.strip()

    def journal(self, *matches: str) -> list[dict[str, Any]]:
        """Read the journal's entries."""
        self.run("journalctl", "--sync")
        lines = self.run("journalctl", "--output=json", "--no-pager", *matches).stdout.splitlines()
        return [json.loads(line) for line in lines]

    def write(self, path: Path, text: str, mode: str = "644") -> None:
        """Write a file."""
        script = 'mkdir -p "$(dirname "$1")" && printf %s "$2" >"$1" && chmod "$3" "$1"'
        self.run("sh", "-c", script, "sh", path, text, mode)

    def override(self, *lines: str) -> None:
        """Change the service by a drop-in until `restore`."""
        self.write(DROPIN, "\n".join(["[Service]", *lines, ""]))
        self.systemctl("daemon-reload")

    def restore(self) -> None:
        """Bring the service back to how it was installed, whatever became of it."""
        self.run("rm", "-f", DROPIN, CONFIG, CREDENTIAL)
        self.systemctl("daemon-reload")
        self.systemctl("kill", "--signal=SIGKILL", "waremind.service", check=False)
        self.systemctl("stop", "waremind.service", check=False)
        self.systemctl("reset-failed", "waremind.service", "waremind.socket", check=False)


def until(condition: Callable[[], object], patience_seconds: float = PATIENCE_SECONDS) -> None:
    """Wait until a condition of the machine holds."""
    end = time.monotonic() + patience_seconds
    while not condition():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.1)
