"""The played WhatsApp leaves nothing behind, and many can run beside each other."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from whatsapp_server.client import Client
from whatsapp_server.harness import PlayedWhatsApp, PlayedWhatsAppError
from whatsapp_server.overlay import OverlayError, patch

TESTS = Path(__file__).parent.parent

OWNER = """
import os, sys, time
from whatsapp_server.harness import PlayedWhatsApp
whatsapp = PlayedWhatsApp()
print(whatsapp.pid, whatsapp.overlay, flush=True)
sys.stdin.read()
"""


def wait_gone(pid: int) -> None:
    """Wait for the end of a process that is not our child."""
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    with os.fdopen(pidfd) as ended:
        assert select.select([ended], [], [], 10)[0], f"process {pid} is still there"


def test_a_closed_server_is_gone_with_its_overlay() -> None:
    with PlayedWhatsApp() as whatsapp:
        assert (whatsapp.overlay / "neonize").is_dir()
    assert not whatsapp.overlay.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(whatsapp.pid, 0)


def test_a_server_ends_with_its_killed_parent_and_takes_its_overlay_along() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", OWNER],
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as owner:
        assert owner.stdout is not None
        pid, overlay = owner.stdout.readline().split()
        owner.send_signal(signal.SIGKILL)
    wait_gone(int(pid))
    assert not Path(overlay).exists()


def test_two_servers_do_not_know_each_other(me: str) -> None:
    with PlayedWhatsApp() as one, PlayedWhatsApp() as other:
        assert one.port != other.port
        one.user(me)
        with pytest.raises(PlayedWhatsAppError, match=f"nobody has the phone {me}"):
            other.unlink(me)


def test_a_wait_in_one_thread_does_not_hold_up_another(
    played_whatsapp: PlayedWhatsApp, account: Client, me: str
) -> None:
    group = played_whatsapp.group("Ops", [me])
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(played_whatsapp.wait_messages, 1)
        account.call("send", to=group, text="halo")
        assert waiting.result()[0].to == group


def test_a_wait_in_vain_says_what_for(played_whatsapp: PlayedWhatsApp, me: str) -> None:
    played_whatsapp.user(me)
    with pytest.raises(PlayedWhatsAppError, match=f"waited 0.1 s: {me} to be online"):
        played_whatsapp.wait_online(me, timeout=0.1)


def test_an_unknown_behaviour_is_refused(played_whatsapp: PlayedWhatsApp) -> None:
    with pytest.raises(PlayedWhatsAppError, match="unknown field"):
        played_whatsapp.behave(kindness=True)  # pyright: ignore[reportCallIssue]


def test_frames_are_kept_only_when_asked_for(me: str, tmp_path: Path) -> None:
    with PlayedWhatsApp(keep_frames=True) as whatsapp, Client(whatsapp, tmp_path) as client:
        whatsapp.scan(client.qr(), me)
        whatsapp.wait_online(me)
        assert any("<pair-success>" in frame for frame in whatsapp.frames())


def test_the_environment_puts_the_overlay_first(
    played_whatsapp: PlayedWhatsApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    env = played_whatsapp.env()
    assert env["PYTHONPATH"] == f"{played_whatsapp.overlay}{os.pathsep}/elsewhere"
    assert env["NEONIZE_BOT_TAG"] == "off"


@pytest.mark.parametrize("times", [0, 2])
def test_a_library_that_does_not_fit_the_patches_is_refused(times: int) -> None:
    with pytest.raises(OverlayError, match=f"found it {times} times"):
        patch(b"wss://web.whatsapp.com/ws/chat" * times, 40_000, bytes(32))
