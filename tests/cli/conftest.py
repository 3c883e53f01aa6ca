"""The command line as whole processes, beside a played daemon."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pytest
from cli.played_daemon import PlayedDaemon
from cli.terminal import Terminal

PROGRAM = Path(sys.executable).with_name("waremind")


@dataclass(frozen=True)
class Ended:
    """What a process left."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """What stdout says as JSON."""
        return json.loads(self.out)

    @property
    def error(self) -> Any:
        """The error object on the last line of stderr."""
        return json.loads(self.err.splitlines()[-1])["error"]


class Waremind(Protocol):
    """Runs `waremind ARGUMENTS…` to its end."""

    def __call__(self, *arguments: str | bytes, stdin: bytes = b"", **variables: str) -> Ended: ...


@pytest.fixture
def played(tmp_path: Path) -> Iterator[PlayedDaemon]:
    """Give a daemon that answers what the test says."""
    with PlayedDaemon(tmp_path / "waremind.sock") as daemon:
        yield daemon


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Give what the processes see: our socket, nobody's home."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
        "WAREMIND_SOCKET": str(tmp_path / "waremind.sock"),
    }


@pytest.fixture
def waremind(environment: dict[str, str]) -> Waremind:
    """Give the program, its streams in pipes."""

    def call(*arguments: str | bytes, stdin: bytes = b"", **variables: str) -> Ended:
        process = subprocess.run(
            [PROGRAM, *arguments],
            input=stdin,
            capture_output=True,
            env={**environment, **variables},
            timeout=60,
            check=False,
        )
        return Ended(process.returncode, process.stdout.decode(), process.stderr.decode())

    return call


class OnTerminal(Protocol):
    """Starts `waremind ARGUMENTS…` on a terminal of its own."""

    def __call__(
        self, *arguments: str, columns: int = 80, rows: int = 24, **variables: str
    ) -> Terminal: ...


@pytest.fixture
def on_terminal(environment: dict[str, str]) -> Iterator[OnTerminal]:
    """Give the program on a terminal."""
    opened: list[Terminal] = []

    def start(*arguments: str, columns: int = 80, rows: int = 24, **variables: str) -> Terminal:
        command = [str(PROGRAM), *arguments]
        terminal = Terminal(command, {**environment, **variables}, columns, rows)
        opened.append(terminal)
        return terminal

    yield start
    for terminal in opened:
        terminal.close()
