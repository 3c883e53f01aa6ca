"""`account pair` inside tmux, which draws the terminal anew for us."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from cli import samples
from cli.conftest import PROGRAM
from cli.played_daemon import PlayedDaemon
from cli.terminal import Terminal

from waremind.requests.account import AccountPair, PairConnected, PairQr

PAYLOAD = "https://wa.me/settings/linked_devices#2@" + "A1b2C3d4/+" * 26

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")


@pytest.fixture
def tmux(environment: dict[str, str], tmp_path: Path) -> Iterator[Terminal]:
    """Give a terminal where tmux runs a pairing, then waits for a key."""
    server = ["tmux", "-f", "/dev/null", "-S", str(tmp_path / "tmux")]
    command = f"'{PROGRAM}' account pair ops; echo; echo over; read -r key"
    terminal = Terminal([*server, "new-session", command], environment, 100, 42)
    yield terminal
    subprocess.run([*server, "kill-server"], check=False, capture_output=True)
    terminal.close()


@pytest.fixture
def finish(played: PlayedDaemon) -> Iterator[threading.Event]:
    """Give the event that ends the pairing."""
    event = threading.Event()

    def pair(_request: AccountPair) -> Generator[Any, None, object]:
        yield PairQr(PAYLOAD, "2026-11-22T12:00:00+00:00")
        event.wait()
        return PairConnected(changed=True, account=samples.account())

    played.answers[AccountPair] = pair
    yield event
    event.set()


def test_the_qr_is_read_in_tmux_and_the_pane_is_as_before_at_the_end(
    finish: threading.Event, tmux: Terminal
) -> None:
    tmux.wait_for_qr(PAYLOAD)
    finish.set()
    tmux.wait_for("over")
    assert "account ops is connected as +4915112345678" in tmux.text()
    assert "▀" not in tmux.text()
