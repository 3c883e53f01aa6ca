"""A booted systemd in throw-away namespaces, with waremind's wheel installed as a service."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from debian.tree import RELEASES, reason_for_no_tree, tree
from systemd.external import DSN, PASSWORD, SECRET, External
from systemd.machine import CREDENTIAL, Box, booted
from systemd.systems import CHECKOUT, UV, System, reason_for_none, system_in, this_system


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let another system be booted than this machine's."""
    parser.addoption("--debian", choices=RELEASES, help="boot this release of Debian")


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel of this checkout."""
    directory = tmp_path_factory.mktemp("wheel")
    subprocess.run([UV, "build", "--quiet", "--wheel", "-o", directory, CHECKOUT], check=True)
    return next(directory.glob("*.whl"))


@pytest.fixture(scope="session")
def system(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> System:
    """Find what is booted."""
    if reason := reason_for_none():
        pytest.skip(f"no systemd can be booted here: {reason}")
    if release := pytestconfig.getoption("--debian"):
        if reason := reason_for_no_tree():
            pytest.skip(f"no Debian can be made here: {reason}")
        return system_in(tree(release), tmp_path_factory.mktemp("packages"))
    if (found := this_system()) is None:
        pytest.skip("only this user can execute this Python, and the system has none like it")
    return found


@pytest.fixture(scope="session")
def installed(wheel: Path, system: System) -> Iterator[Box]:
    """Boot once, with the units installed; the tests share this machine."""
    with booted(wheel, system) as box:
        box.waremind("systemd", "install")
        for name, more in (("alice", ["--groups", "waremind-operators"]), ("mallory", [])):
            box.run("useradd", "--create-home", *more, name)
        yield box


@pytest.fixture
def box(installed: Box) -> Iterator[Box]:
    """Give the machine with the daemon running as it was installed."""
    installed.systemctl("start", "waremind.socket", "waremind.service")
    yield installed
    installed.restore()


@pytest.fixture
def external(box: Box) -> Iterator[External]:
    """Run a PostgreSQL of yours, which the daemon uses from its next start on."""
    server = External(box.run)
    box.write(PASSWORD, SECRET)
    server.make()
    server.start()
    box.systemctl("stop", "waremind")
    box.write(CREDENTIAL, DSN, "600")
    yield server
    box.restore()
    server.stop()
    server.remove()
