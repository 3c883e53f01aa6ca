"""What systemd hears from us, and what we take over from it."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import anyio.lowlevel
import pytest
from systemd.daemon_process import Ear

from waremind.daemon.status.watchdog import status_line
from waremind.daemon.system.systemd import Systemd
from waremind.objects import DaemonState, Freeze, RunCounts, StatusReport


@pytest.fixture
def ear(tmp_path: Path) -> Iterator[Ear]:
    with Ear(tmp_path / "notify") as ear:
        yield ear


def test_it_tells_assignments(ear: Ear) -> None:
    Systemd({"NOTIFY_SOCKET": str(ear.path)}).tell(READY=1, STATUS="two accounts")
    assert ear.hear() == {"READY": "1", "STATUS": "two accounts"}


def test_an_abstract_address_is_reached_too() -> None:
    name = f"waremind-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as abstract:
        abstract.bind(f"\0{name}")
        Systemd({"NOTIFY_SOCKET": f"@{name}"}).tell(READY=1)
        assert abstract.recv(100) == b"READY=1"


def test_nobody_there_is_no_error(tmp_path: Path) -> None:
    assert not Systemd({}).listens
    Systemd({}).tell(READY=1)
    Systemd({"NOTIFY_SOCKET": str(tmp_path / "gone")}).tell(READY=1)


def test_its_variables_are_not_for_our_children(ear: Ear) -> None:
    environment = {
        "NOTIFY_SOCKET": str(ear.path),
        "WATCHDOG_USEC": "60000000",
        "WATCHDOG_PID": str(os.getpid()),
        "LISTEN_FDS": "0",
        "LISTEN_PID": str(os.getpid()),
        "LISTEN_FDNAMES": "",
        "PATH": "/bin",
    }
    assert Systemd(environment).watchdog_seconds == 60
    assert environment == {"PATH": "/bin"}


def test_what_is_meant_for_another_process_is_left_alone() -> None:
    systemd = Systemd(
        {"WATCHDOG_USEC": "1", "WATCHDOG_PID": "1", "LISTEN_FDS": "1", "LISTEN_PID": "1"}
    )
    assert systemd.watchdog_seconds is None
    assert systemd.sockets == {}


@pytest.mark.parametrize("word", ["", "x", "-1", "0", "1.5", "²", " 1", "18446744073709551615"])
def test_a_number_that_is_none_is_ignored_as_by_systemd_s_own_library(word: str) -> None:
    pid = str(os.getpid())
    systemd = Systemd({"WATCHDOG_USEC": word, "LISTEN_FDS": word, "LISTEN_PID": pid})
    assert systemd.watchdog_seconds is None
    assert systemd.sockets == {}


async def test_a_long_start_asks_for_more_time(ear: Ear) -> None:
    systemd = Systemd({"NOTIFY_SOCKET": str(ear.path)})
    async with systemd.patience("making the database"):
        assert ear.hear() == {"STATUS": "making the database"}
        # The asking begins with the next turn of the loop.
        await anyio.lowlevel.checkpoint()
        assert ear.hear() == {"EXTEND_TIMEOUT_USEC": "30000000"}


def report(*, ok: bool = True, frozen: Freeze | None = None, **accounts: int) -> StatusReport:
    return StatusReport(
        ok=ok,
        version="1",
        daemon=DaemonState(1, "", "embedded"),
        frozen=frozen,
        accounts=accounts,
        runs=RunCounts(due=3, held=1),
        next_at=None,
    )


def test_the_status_line_counts_accounts_and_messages() -> None:
    line = status_line(report(connected=2, unpaired=1))
    assert line == "accounts: 2 connected, 1 unpaired; messages: 3 due, 1 held"


def test_the_status_line_says_what_a_person_must_know() -> None:
    line = status_line(report(ok=False, frozen=Freeze("", "root", None)))
    assert (
        line == "accounts: none; messages: 3 due, 1 held; frozen; needs a person: waremind doctor"
    )
