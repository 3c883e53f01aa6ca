"""A child process that misbehaves: its account is tried again, and nobody else notices."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from accounts.stage import Stage
from daemon_process import until

from waremind.objects import Account
from waremind.requests.account import AccountDelete
from waremind.whatsapp.child_protocol import encode_line
from waremind.whatsapp.reports import GroupLeft

PIDFD_GETFD = 438  # the system call; the same number on x86-64 and aarch64


@pytest.fixture
def neighbour(shared: Stage) -> Iterator[Stage]:
    """Yield a connected account that must not notice."""
    stage = shared.another()
    before = stage.pair()
    yield stage
    assert stage.account == before
    stage.daemon.call(AccountDelete(account=stage.label))


def is_back(stage: Stage, before: Account) -> None:
    """Wait until the account is connected by a later session."""
    until(lambda: stage.account.session > before.session, "the next session")
    assert stage.wait("connected", "ok").jid == before.jid


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGKILL, signal.SIGABRT])
@pytest.mark.usefixtures("neighbour")
def test_a_child_that_dies_is_started_again(shared: Stage, number: signal.Signals) -> None:
    before = shared.pair()
    shared.daemon.signal_child(before.id, number)
    is_back(shared, before)


@pytest.mark.usefixtures("neighbour")
def test_a_child_that_dies_while_the_qr_shows_fails_the_pairing(shared: Stage) -> None:
    with shared.daemon.pairing(shared.label) as pairing:
        pairing.qr()
        shared.daemon.signal_child(shared.account.id, signal.SIGSEGV)
        shared.wait("unpaired", "pairing_failed")


@pytest.mark.usefixtures("neighbour")
def test_a_child_that_says_rubbish_is_ended_and_started_again(shared: Stage) -> None:
    before = shared.pair()
    say(shared.daemon.child(before.id), b"this is no report\n")
    is_back(shared, before)


@pytest.mark.usefixtures("neighbour")
def test_a_child_that_floods_the_daemon_without_end_of_line_is_ended(shared: Stage) -> None:
    before = shared.pair()
    say(shared.daemon.child(before.id), b"x" * (64 << 20))
    is_back(shared, before)


@pytest.mark.usefixtures("neighbour")
def test_a_flood_of_news_from_whatsapp_delays_only_its_account(shared: Stage) -> None:
    shared.pair()
    group = shared.whatsapp.group("Busy", [shared.phone], admins=[shared.phone])
    for number in range(300):
        shared.whatsapp.rename_group(group, f"Busy {number}", by=shared.phone)
    until(lambda: "Busy 299" in {each.name for each in shared.groups()}, "the last news")


@pytest.mark.usefixtures("neighbour")
def test_a_child_that_floods_the_daemon_with_reports_delays_no_unpair(shared: Stage) -> None:
    before = shared.pair()
    say(
        shared.daemon.child(before.id),
        encode_line(GroupLeft(session=before.session, jid="1@g.us")) * 40_000,
    )
    unpaired = shared.daemon.unpair(shared.label)  # the client's own patience bounds it
    assert unpaired.account.status == "unpaired"
    until(lambda: "flooded" in shared.daemon.log, "the log to tell of it")


def test_a_fork_server_that_dies_takes_its_children_and_all_come_back(alone: Stage) -> None:
    other = alone.another()
    accounts = [alone.pair(), other.pair()]
    alone.daemon.signal_fork_server(signal.SIGKILL)
    for stage, before in zip((alone, other), accounts, strict=True):
        is_back(stage, before)


def say(child: int, said: bytes) -> None:
    """Say something to the daemon in the child's place, through its own descriptor."""
    with protocol_of(child) as protocol, suppress(OSError):  # the daemon may hang up
        protocol.sendall(said)


def protocol_of(child: int) -> socket.socket:
    """Take a copy of the descriptor on which a child speaks with the daemon."""
    with os.fdopen(os.pidfd_open(child)) as pidfd:
        for entry in Path(f"/proc/{child}/fd").iterdir():
            if str(entry.readlink()).startswith("socket:"):
                copy = ctypes.CDLL(None).syscall(PIDFD_GETFD, pidfd.fileno(), int(entry.name), 0)
                found = socket.socket(fileno=copy)
                if found.family == socket.AF_UNIX:
                    return found
                found.detach()
                os.close(copy)
    raise LookupError(f"process {child} has no such descriptor")
