"""What a command costs as a whole process, beside what it stands on and what it competes with.

`python tests/bench/command_line.py [--rounds 20]`. The contenders take turns, so that a busy
machine slows them alike; the medians are compared.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from cli import samples
from cli.played_daemon import PlayedDaemon

from waremind.requests.account import AccountList, Accounts

PYTHON = sys.executable
BIN = Path(PYTHON).parent
ACCOUNTS = 100
TARGETS = [
    ("version", "python", 2.2),
    ("account list", "empty typer", 1.4),
    ("account list", "supervisorctl", 1.0),
]
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


@contextlib.contextmanager
def supervisord(directory: Path) -> Iterator[list[str]]:
    """Run a supervisord that has nothing to do; give the command that asks for its status."""
    configuration = directory / "supervisord.conf"
    configuration.write_text(SUPERVISOR.format(directory))
    server = subprocess.Popen([BIN / "supervisord", "-c", configuration], stdout=subprocess.DEVNULL)
    try:
        while not (directory / "supervisor.sock").exists():
            time.sleep(0.05)
        yield [str(BIN / "supervisorctl"), "-c", str(configuration), "status"]
    finally:
        server.terminate()
        server.wait()


def seconds(command: Sequence[str], environment: dict[str, str]) -> float:
    """Run a command to its end and say how long that took."""
    begun = time.perf_counter()
    subprocess.run(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
    )
    return time.perf_counter() - begun


def measured(
    commands: dict[str, list[str]], environment: dict[str, str], rounds: int
) -> dict[str, float]:
    """Take turns, and give the median of each."""
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            times[name].append(seconds(command, environment))
    return {name: statistics.median(each) for name, each in times.items()}


def main() -> int:
    """Measure, print, and fail when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--socket", type=Path, help="of a running daemon; else one is played")
    arguments = parser.parse_args()
    with contextlib.ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        socket = arguments.socket or directory / "waremind.sock"
        if not arguments.socket:
            played = stack.enter_context(PlayedDaemon(socket))
            played.answers[AccountList] = Accounts([samples.account()] * ACCOUNTS)
        empty = directory / "empty.py"
        empty.write_text(EMPTY_TYPER)
        commands = {
            "python": [PYTHON, "-I", "-c", "pass"],
            "version": [str(BIN / "waremind"), "--version"],
            "empty typer": [PYTHON, str(empty)],
            "account list": [str(BIN / "waremind"), "account", "list", "--json"],
            "supervisorctl": stack.enter_context(supervisord(directory)),
        }
        environment = {**os.environ, "WAREMIND_SOCKET": str(socket)}
        medians = measured(commands, environment, arguments.rounds)
    return report(medians)


def report(medians: dict[str, float]) -> int:
    """Print the medians and the ratios that were promised; 1 when one is missed."""
    for name, median in medians.items():
        sys.stdout.write(f"{name:15} {median * 1000:7.1f} ms\n")
    missed = 0
    for ours, theirs, target in TARGETS:
        ratio = medians[ours] / medians[theirs]
        missed += ratio > target
        sys.stdout.write(f"{ours} / {theirs}: {ratio:.2f} (at most {target})\n")
    return min(missed, 1)


if __name__ == "__main__":
    sys.exit(main())
