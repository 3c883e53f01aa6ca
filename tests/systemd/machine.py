"""A machine to break: a real systemd as PID 1 of its own namespaces, on an overlay of /.

`box/sdbox.sh` boots it. Nothing that happens in it can be seen outside of it.
"""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from waremind.install.program import unusable

SDBOX = Path(__file__).parent / "box/sdbox.sh"
HOME = Path("/opt/waremind")
PROGRAM = HOME / "bin/waremind"
DEPENDENCIES = HOME / "dependencies"
DROPIN = Path("/etc/systemd/system/waremind.service.d/test.conf")
CONFIG = Path("/etc/waremind/config.toml")
CREDENTIAL = Path("/etc/credstore/waremind.dsn")
PATIENCE_SECONDS = 30.0
# What a service of the box runs in; a container without these rights cannot make it.
NAMESPACES = ("unshare", "--mount", "--pid", "--fork", "--net", "--uts", "--ipc", "--cgroup")

Done = subprocess.CompletedProcess[str]


def reason_for_none() -> str:
    """Say why no systemd can be booted here; "" when one can."""
    if os.geteuid() != 0:
        return "that takes root"
    for tool in ("unshare", "nsenter", "ip", "systemd-analyze"):
        if shutil.which(tool) is None:
            return f"{tool} is not installed"
    if not Path("/lib/systemd/systemd").exists():
        return "systemd is not installed"
    if " cgroup2 " not in Path("/proc/mounts").read_text():
        return "there is no cgroup2"
    if interpreter() is None:
        return "only this user can execute this Python, and the system has none like it"
    tried = subprocess.run([*NAMESPACES, "mount", "-t", "tmpfs", "none", "/mnt"], check=False)
    return "the kernel gives no namespaces" if tried.returncode else ""


def interpreter() -> Path | None:
    """Find a Python of this version that every user can execute."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    found = (Path(prefix) / "bin" / name for prefix in (sys.base_prefix, "/usr"))
    return next((path for path in found if path.exists() and unusable(path) is None), None)


@contextlib.contextmanager
def booted(wheel: Path) -> Iterator["Box"]:
    """Boot a machine with the wheel installed in /opt/waremind, and power it off in the end."""
    name = f"waremind-{os.getpid()}-{time.monotonic_ns()}"
    site_packages = next(path for path in sys.path if path.endswith("site-packages"))
    binds = ("--bind", f"{site_packages}:{DEPENDENCIES}", "--bind", f"{wheel}:/opt/{wheel.name}")
    try:
        subprocess.run([SDBOX, "up", name, *binds], check=True, stdout=subprocess.DEVNULL)
        box = Box(name)
        box.install(wheel)
        yield box
    finally:
        subprocess.run([SDBOX, "down", name], check=True)


class Box:
    """The machine `name` of sdbox.sh."""

    def __init__(self, name: str) -> None:
        self.name = name

    def run(self, *command: object, check: bool = True) -> Done:
        """Run a command as root, and fail with what it said."""
        words = [str(SDBOX), "run", self.name, *map(str, command)]
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)
        assert not check or done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done

    def install(self, wheel: Path) -> None:
        """Make /opt/waremind, which users may execute: the wheel, beside this venv's packages."""
        python, uv = interpreter(), Path(sys.executable).with_name("uv")
        assert python
        self.run(python, "-m", "venv", "--without-pip", HOME)
        pth = HOME / "lib" / python.name / "site-packages/dependencies.pth"
        self.write(pth, f"{DEPENDENCIES}\n")
        options = ("--offline", "--no-deps", "--compile-bytecode", "--python", HOME / "bin/python")
        self.run(uv, "pip", "install", "--quiet", *options, f"/opt/{wheel.name}")

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
