"""`waremind doctor` as a person runs it, beside a real daemon or none."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from systemd.daemon_process import PROGRAM, DaemonProcess, Ear
from systemd.short_path import tmp_path

__all__ = ["tmp_path"]


@dataclass(frozen=True)
class Patient:
    """A daemon's place on the disk, and the doctor's visits there."""

    directory: Path

    @property
    def state(self) -> Path:
        return self.directory / "state"

    @property
    def config(self) -> Path:
        return self.directory / "config/waremind/config.toml"

    @property
    def socket(self) -> Path:
        return self.directory / "waremind.sock"

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": str(self.directory),
            "PYTHONPATH": os.environ["PYTHONPATH"],
            "XDG_CONFIG_HOME": str(self.directory / "config"),
            "WAREMIND_STATE_DIR": str(self.state),
            "WAREMIND_SOCKET": str(self.socket),
        }

    def visit(self, **variables: str) -> "Visit":
        """Run the doctor."""
        done = subprocess.run(
            [PROGRAM, "doctor", "--json"],
            capture_output=True,
            env=self.environment | variables,
            check=False,
            timeout=60,
        )
        assert done.stdout, done.stderr.decode()
        return Visit(done.returncode, json.loads(done.stdout))

    def daemon(self, **variables: object) -> DaemonProcess:
        """Start a daemon that lives there."""
        directory = self.directory / "config"
        return DaemonProcess(self.directory, XDG_CONFIG_HOME=directory, **variables)


@dataclass(frozen=True)
class Visit:
    """What the doctor said."""

    code: int
    report: Any

    def check(self, name: str) -> Any:
        """Find the only result of a check."""
        (found,) = [each for each in self.report["checks"] if each["check"] == name]
        return found

    @property
    def troubles(self) -> set[str]:
        """Name the checks that found something."""
        return {each["check"] for each in self.report["checks"] if each["status"] != "ok"}


def moved_in(directory: Path) -> Patient:
    """Make a place for a daemon."""
    patient = Patient(directory)
    patient.config.parent.mkdir(parents=True)
    patient.config.write_text("")
    return patient


@pytest.fixture
def patient(request: pytest.FixtureRequest) -> Patient:
    """Give a place where no daemon runs yet."""
    return moved_in(request.getfixturevalue("tmp_path"))


@pytest.fixture(scope="module")
def household() -> Iterator[Patient]:
    """Run a daemon for all tests of a module."""
    with tempfile.TemporaryDirectory(prefix="waremind-") as name:
        patient = moved_in(Path(name))
        with Ear(patient.directory / "notify") as ear, patient.daemon(NOTIFY_SOCKET=ear.path):
            ear.until("READY")
            yield patient


@pytest.fixture
def running(household: Patient) -> Iterator[Patient]:
    """Give the place of a healthy daemon, and heal it afterwards."""
    yield household
    household.config.write_text("")
    household.socket.chmod(0o660)
    shutil.rmtree(household.state / "sessions", ignore_errors=True)
