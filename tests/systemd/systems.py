"""What a machine may boot: this machine's own system, or one that lies in a directory."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from waremind.install.program import unusable

CHECKOUT = Path(__file__).parents[2]
UV = Path(sys.executable).with_name("uv")
# What a service of a machine runs in; a container without these rights cannot make it.
NAMESPACES = ("unshare", "--mount", "--pid", "--fork", "--net", "--uts", "--ipc", "--cgroup")


@dataclass(frozen=True, slots=True)
class System:
    """Its / lies in `root`; `packages` holds what uv.lock names, for its own `python`."""

    root: Path
    python: Path
    packages: Path


def reason_for_none(*tools: str) -> str:
    """Say why no systemd can be booted here, or which of these tools is missing; "": one can."""
    if os.geteuid() != 0:
        return "that takes root"
    for tool in ("unshare", "nsenter", "ip", "systemd-analyze", *tools):
        if shutil.which(tool) is None:
            return f"{tool} is not installed"
    if not Path("/lib/systemd/systemd").exists():
        return "systemd is not installed"
    if " cgroup2 " not in Path("/proc/mounts").read_text():
        return "there is no cgroup2"
    tried = subprocess.run([*NAMESPACES, "mount", "-t", "tmpfs", "none", "/mnt"], check=False)
    return "the kernel gives no namespaces" if tried.returncode else ""


def this_system() -> System | None:
    """Take this machine's, if every user can execute a Python of our version on it."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    found = (Path(prefix) / "bin" / name for prefix in (sys.base_prefix, "/usr"))
    python = next((path for path in found if path.exists() and unusable(path) is None), None)
    packages = next(path for path in sys.path if path.endswith("site-packages"))
    return System(Path("/"), python, Path(packages)) if python else None


def system_in(root: Path, packages: Path) -> System:
    """Take the one in a directory; the empty directory `packages` is filled for its Python."""
    python = max((root / "usr/bin").glob("python3.*[0-9]"))
    version = python.name.removeprefix("python")
    locked = _uv("export", "--quiet", "--frozen", "--all-groups", "--no-emit-project")
    options = ("--python-version", version, "--target", packages, "--only-binary=:all:")
    _uv("pip", "install", "--quiet", *options, "--requirements=-", stdin=locked)
    packages.chmod(0o755)  # the daemon is another user
    return System(root, Path("/") / python.relative_to(root), packages)


def _uv(*arguments: object, stdin: str = "") -> str:
    command: Sequence[str] = [str(UV), *map(str, arguments)]
    done = subprocess.run(
        command, input=stdin, capture_output=True, text=True, check=False, cwd=CHECKOUT
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
