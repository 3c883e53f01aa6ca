"""The command line as whole processes, beside a played daemon."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest
from cli.played_daemon import PlayedDaemon
from cli.terminal import Terminal
from command import PROGRAM, Ended, run

from waremind.cli import app


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
        "TZ": "UTC",
        "WAREMIND_SOCKET": str(tmp_path / "waremind.sock"),
    }


@pytest.fixture
def waremind(environment: dict[str, str]) -> Waremind:
    """Give the program, its streams in pipes."""

    def call(*arguments: str | bytes, stdin: bytes = b"", **variables: str) -> Ended:
        return run(*arguments, environment={**environment, **variables}, stdin=stdin)

    return call


class Typed(Protocol):
    """Does what `waremind ARGUMENTS…` does, in this process."""

    def __call__(self, *arguments: str, **variables: str) -> Ended: ...


@pytest.fixture
def typed(environment: dict[str, str], capfd: pytest.CaptureFixture[str]) -> Typed:
    """Give the program without the time that a process takes to start."""

    def call(*arguments: str, **variables: str) -> Ended:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in {**environment, **variables}.items():
                patch.setenv(name, value)
            time.tzset()
            capfd.readouterr()
            ended = Ended(app.run(list(arguments)), *capfd.readouterr())
        time.tzset()
        return ended

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
