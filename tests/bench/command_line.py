"""What a command costs as a whole process, beside what it stands on and what it competes with.

The contenders take turns, so that a busy machine slows them alike; the medians are compared.
"""

from __future__ import annotations

import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from daemon_process import DaemonProcess, environment

from bench.finding import Finding, Scale

PYTHON = sys.executable
BIN = Path(PYTHON).parent
# As where it is installed: what Python has compiled once it need not compile each time.
INSTALLED = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
WAREMIND = str(BIN / "waremind")
EMPTY_TYPER = """
import typer
app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
@app.command()
def run() -> None: ...
app()
"""
SUPERVISOR = """
[unix_http_server]
file={0}/supervisor.sock
[supervisord]
nodaemon=true
logfile={0}/supervisord.log
pidfile={0}/supervisord.pid
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=unix://{0}/supervisor.sock
"""


async def measure(scale: Scale) -> AsyncIterator[Finding]:
    """Compare `--version` with a bare Python, `account list` with Typer and supervisorctl."""
    listing = f"account list --json, {scale.accounts} accounts"
    with contextlib.ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        daemon = stack.enter_context(DaemonProcess(environment()))
        for number in range(scale.accounts):
            daemon.add(f"account {number}")
        commands = {
            "version": [WAREMIND, "--version"],
            "python": [PYTHON, "-I", "-c", "pass"],
            "list": [WAREMIND, "account", "list", "--json", "--socket", str(daemon.socket)],
            "typer": [PYTHON, str(_empty_typer(directory))],
            "supervisor": stack.enter_context(_supervisord(directory)),
        }
        medians = _medians(commands, scale.rounds)
    for ours, theirs, claim, target in [
        ("version", "python", "--version, python -I -c pass", 2.2),
        ("list", "typer", f"{listing}, an empty Typer command", 1.2),
        ("list", "supervisor", f"{listing}, supervisorctl status", 1.0),
    ]:
        yield Finding(claim, medians[ours], medians[theirs], "ms", "at most", target)


def _empty_typer(directory: Path) -> Path:
    program = directory / "empty.py"
    program.write_text(EMPTY_TYPER)
    return program


@contextlib.contextmanager
def _supervisord(directory: Path) -> Iterator[list[str]]:
    """Run a supervisord that has nothing to do; give the command that asks for its status."""
    configuration = directory / "supervisord.conf"
    configuration.write_text(SUPERVISOR.format(directory))
    command = [str(BIN / "supervisord"), "-c", str(configuration)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        while not (directory / "supervisor.sock").exists():
            time.sleep(0.05)
        yield [str(BIN / "supervisorctl"), "-c", str(configuration), "status"]
        server.terminate()


def _medians(commands: dict[str, list[str]], rounds: int) -> dict[str, float]:
    """Let the commands take turns; give the median of each in milliseconds."""
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            times[name].append(_milliseconds(command))
    return {name: statistics.median(each) for name, each in times.items()}


def _milliseconds(command: list[str]) -> float:
    begun = time.perf_counter()
    with Path(os.devnull).open("wb") as nowhere:
        subprocess.run(command, env=INSTALLED, stdout=nowhere, stderr=nowhere, check=False)
    return (time.perf_counter() - begun) * 1000
