"""`account pair` gives the terminal back, whatever ends or stops it, and takes it again."""

from __future__ import annotations

import shutil
import signal
import subprocess
import threading
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from cli import samples
from cli.conftest import PROGRAM, OnTerminal
from cli.played_daemon import PlayedDaemon
from cli.terminal import Terminal, uncoloured

from waremind.requests.account import (
    AccountChanged,
    AccountPair,
    AccountSync,
    PairConnected,
    PairQr,
)

PAYLOAD = "https://wa.me/settings/linked_devices#2@" + "A1b2C3d4/+" * 26
EXPIRES = "2026-11-22T12:00:00+00:00"
ENTER, LEAVE = b"\x1b[?1049h", b"\x1b[?1049l"
BASH = shutil.which("bash")

needs_bash = pytest.mark.skipif(BASH is None, reason="bash is not installed")


@pytest.fixture(autouse=True)
def finish(played: PlayedDaemon) -> Iterator[threading.Event]:
    """Give the event that ends the pairing."""
    event = threading.Event()

    def pair(_request: AccountPair) -> Generator[Any, None, object]:
        yield PairQr(PAYLOAD, EXPIRES)
        event.wait()
        return PairConnected(changed=True, account=samples.account())

    played.answers[AccountPair] = pair
    yield event
    event.set()


@pytest.fixture
def shell(environment: dict[str, str]) -> Iterator[Terminal]:
    """Give a shell with job control."""
    command = [str(BASH), "--norc", "--noprofile", "-i"]
    terminal = Terminal(command, {**environment, "PS1": "ready> "}, 100, 42)
    terminal.wait_for("ready>")
    yield terminal
    terminal.close()


def _begin(shell: Terminal) -> None:
    shell.type(f"{PROGRAM} account pair ops\r")
    shell.wait_for_qr(PAYLOAD)


def _left(terminal: Terminal) -> bool:
    return terminal.written.count(LEAVE) == terminal.written.count(ENTER) > 0


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130), (signal.SIGQUIT, 131)],
)
def test_a_signal_that_ends_it_leaves_the_shells_screen_behind(
    number: signal.Signals, code: int, on_terminal: OnTerminal
) -> None:
    terminal = on_terminal("account", "pair", "ops", rows=40)
    terminal.wait_for_qr(PAYLOAD)
    terminal.process.send_signal(number)
    assert terminal.wait_end() == code
    assert _left(terminal)
    assert uncoloured(terminal.written).endswith("cancel it: waremind account unpair ops\r\n")


@pytest.mark.parametrize("key", ["\x03", "\x1c"])
def test_a_key_that_ends_it_does_too(key: str, on_terminal: OnTerminal) -> None:
    terminal = on_terminal("account", "pair", "ops", rows=40)
    terminal.wait_for_qr(PAYLOAD)
    terminal.type(key)
    terminal.wait_end()
    assert _left(terminal)


@needs_bash
def test_ctrl_z_gives_the_shell_its_screen_and_fg_draws_the_qr_again(
    shell: Terminal, finish: threading.Event
) -> None:
    _begin(shell)
    for turn in ("one", "two"):
        shell.type("\x1a")
        shell.wait_until(lambda: _left(shell), "the shell's screen")
        shell.type(f"clear; echo $((40 + 2)) {turn}\r")
        shell.wait_for(f"42 {turn}")
        shell.type("fg\r")
        shell.wait_for_qr(PAYLOAD)
    finish.set()
    shell.wait_until(lambda: b"account ops is connected" in shell.written, "its end")
    assert _left(shell)


@needs_bash
def test_in_the_background_nothing_is_drawn_over_what_the_person_does(
    shell: Terminal, finish: threading.Event
) -> None:
    _begin(shell)
    shell.type("\x1a")
    shell.wait_until(lambda: _left(shell), "the shell's screen")
    shell.type("bg\r")
    shell.wait_for("&")
    finish.set()
    shell.wait_until(lambda: b"account ops is connected" in shell.written, "its end")
    assert shell.written.count(ENTER) == 1


@needs_bash
def test_who_was_stopped_behind_its_back_draws_again(shell: Terminal) -> None:
    _begin(shell)
    [pid] = _pids(shell)
    subprocess.run(["kill", "-STOP", pid], check=True)
    shell.wait_until(lambda: b"Stopped" in shell.written, "Stopped")
    shell.type("clear; fg\r")
    shell.wait_for_qr(PAYLOAD)


def _pids(shell: Terminal) -> list[str]:
    """List the processes that the shell has started."""
    pid = shell.process.pid
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def test_under_nohup_a_hang_up_does_not_end_it(
    environment: dict[str, str], finish: threading.Event
) -> None:
    command = ["nohup", PROGRAM, "account", "pair", "ops", "--qr-format", "raw"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == f"{PAYLOAD}\n".encode()
        process.send_signal(signal.SIGHUP)
        finish.set()
        assert process.wait(30) == 0


@needs_bash
def test_ctrl_z_takes_the_line_of_a_wait_away_and_fg_draws_it_again(
    shell: Terminal, played: PlayedDaemon, finish: threading.Event
) -> None:
    def sync(_request: AccountSync) -> AccountChanged:
        finish.wait()
        return AccountChanged(changed=True, account=samples.account())

    played.answers[AccountSync] = sync
    shell.type(f"{PROGRAM} account sync ops\r")
    shell.wait_for("s of at most 30 s")
    shell.type("\x1a")
    shell.wait_until(lambda: b"Stopped" in shell.written, "Stopped")
    shell.type("echo $((40 + 2))\r")
    shell.wait_for("\n42\n")
    assert "at most" not in shell.text()
    assert shell.written.count(b"\x1b[?25l") == shell.written.count(b"\x1b[?25h")
    shell.type("fg\r")
    shell.wait_for("s of at most 30 s")
    finish.set()
    shell.wait_for("account ops synced")
