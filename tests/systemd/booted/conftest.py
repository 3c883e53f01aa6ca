"""A booted systemd in throw-away namespaces, with waremind's wheel installed as a service."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from systemd.machine import Box, booted, reason_for_none

CHECKOUT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel of this checkout."""
    directory = tmp_path_factory.mktemp("wheel")
    uv = Path(sys.executable).with_name("uv")
    subprocess.run([uv, "build", "--quiet", "--wheel", "-o", directory, CHECKOUT], check=True)
    return next(directory.glob("*.whl"))


@pytest.fixture(scope="session")
def installed(wheel: Path) -> Iterator[Box]:
    """Boot once, with the units installed; the tests share this machine."""
    if reason := reason_for_none():
        pytest.skip(f"no systemd can be booted here: {reason}")
    with booted(wheel) as box:
        box.waremind("systemd", "install")
        for name, more in (("alice", ["--groups", "waremind"]), ("mallory", [])):
            box.run("useradd", "--create-home", *more, name)
        yield box


@pytest.fixture
def box(installed: Box) -> Iterator[Box]:
    """Give the machine with the daemon running as it was installed."""
    installed.systemctl("start", "waremind.socket", "waremind.service")
    yield installed
    installed.restore()
