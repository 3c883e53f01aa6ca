"""The two races that this project was born from, over many interleavings.

(a) Unpair a connected account: the late close made it `disconnected`.
(b) Something reopened the session, and a QR came back seconds later.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from threading import Barrier

import pytest
from accounts.stage import Stage
from daemon_process import steady, until
from whatsapp_server.harness import PlayedWhatsAppError

from waremind.requests.account import AccountDelete

ACCOUNTS = 8
CYCLES = 50


@pytest.fixture
def crowd(shared: Stage) -> Iterator[list[Stage]]:
    """Yield accounts of one daemon: as many interleavings as there are accounts."""
    stages = [shared, *(shared.another() for _ in range(ACCOUNTS - 1))]
    yield stages
    for stage in stages[1:]:
        shared.daemon.call(AccountDelete(account=stage.label, missing_ok=True))


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """Yield a place for pairings that are closed in the end."""
    with ExitStack() as stack:
        yield stack


def at_once(*deeds: Callable[[], object]) -> None:
    """Do everything at the same moment; who is first is chance."""
    start = Barrier(len(deeds))

    def do(deed: Callable[[], object]) -> None:
        start.wait()
        deed()

    with ThreadPoolExecutor(len(deeds)) as threads:
        list(threads.map(do, random.sample(deeds, len(deeds))))


def unpaired_truly(stage: Stage) -> None:
    """Unpair; what is said of the device must be what the phone lists."""
    if stage.daemon.unpair(stage.label).device_removed:
        until(lambda: not stage.listed, "the phone to list the device no more", 2)


def statuses(crowd: list[Stage]) -> set[tuple[str, str]]:
    return {(stage.account.status, stage.account.reason) for stage in crowd}


def closes(stage: Stage, number: int) -> Callable[[], None]:
    """Choose a way in which WhatsApp closes the connection."""
    whatsapp, phone = stage.whatsapp, stage.phone
    ways: list[Callable[[], None]] = [
        lambda: whatsapp.drop(phone),
        lambda: whatsapp.end_stream(phone, "503"),
        lambda: whatsapp.replace(phone),
        lambda: whatsapp.end_stream(phone, "515"),
    ]
    return partial(unless_gone, ways[number % len(ways)])


def unless_gone(close: Callable[[], None]) -> None:
    """Close a connection; where the unpair was first there is none to close any more."""
    try:
        close()
    except PlayedWhatsAppError as error:
        if "is connected" not in str(error):
            raise


def test_a_late_close_never_makes_an_unpaired_account_disconnected(crowd: list[Stage]) -> None:
    for stage in crowd:
        stage.pair()
    unpairs = [lambda s=stage: unpaired_truly(s) for stage in crowd]
    at_once(*unpairs, *(closes(stage, number) for number, stage in enumerate(crowd)))
    for stage in crowd:
        stage.wait("unpaired", "unpaired")
    assert steady(lambda: statuses(crowd), 3) == {("unpaired", "unpaired")}
    assert [stage.files for stage in crowd] == [[]] * ACCOUNTS


def test_no_qr_comes_back_after_an_unpair(crowd: list[Stage], stack: ExitStack) -> None:
    pairings = [stack.enter_context(stage.daemon.pairing(stage.label)) for stage in crowd]
    # Half of them show their QR by now, the others are just being opened.
    for pairing in pairings[::2]:
        pairing.qr()
    at_once(*(lambda s=stage: unpaired_truly(s) for stage in crowd))
    crowd[0].whatsapp.wait_pairings(0)
    connections = crowd[0].whatsapp.state().connections
    assert steady(lambda: statuses(crowd), 6) == {("unpaired", "pairing_cancelled")}
    assert crowd[0].whatsapp.state().connections == connections
    assert [stage.files for stage in crowd] == [[]] * ACCOUNTS


def test_the_phone_unlinks_while_the_operator_does(crowd: list[Stage]) -> None:
    for stage in crowd:
        stage.pair()
    unlinks = [lambda s=stage: s.whatsapp.unlink(s.phone) for stage in crowd]
    at_once(*unlinks, *(lambda s=stage: unpaired_truly(s) for stage in crowd))
    for stage in crowd:
        stage.wait("unpaired")
    assert steady(lambda: statuses(crowd)) <= {("unpaired", "unpaired"), ("unpaired", "logged_out")}


def test_the_scan_comes_with_the_unpair(crowd: list[Stage], stack: ExitStack) -> None:
    pairings = [stack.enter_context(stage.daemon.pairing(stage.label)) for stage in crowd]
    codes = [pairing.qr() for pairing in pairings]
    unpairs = [lambda s=stage: unpaired_truly(s) for stage in crowd]
    at_once(*unpairs, *(lambda s=s, c=c: scan(s, c) for s, c in zip(crowd, codes, strict=True)))
    assert {status for status, _ in steady(lambda: statuses(crowd))} == {"unpaired"}
    assert [stage.files for stage in crowd] == [[]] * ACCOUNTS


def scan(stage: Stage, code: str) -> None:
    """Scan a code that may just have been taken away."""
    with suppress(PlayedWhatsAppError):
        stage.whatsapp.scan(code, stage.phone)


def test_fifty_times_unpair_then_pair_give_fifty_fresh_codes_and_leak_nothing(
    shared: Stage,
) -> None:
    shared.pair()
    shared.daemon.unpair(shared.label)
    before, processes, codes = descriptors(shared), shared.daemon.processes(), set[str]()
    for _ in range(CYCLES):
        with shared.daemon.pairing(shared.label) as pairing:
            code = pairing.qr()
            shared.whatsapp.scan(code, shared.phone)
            pairing.connected()
        assert shared.daemon.unpair(shared.label).device_removed
        codes.add(code)
    assert len(codes) == CYCLES
    assert shared.daemon.processes() == processes
    assert shared.files == []
    assert shared.whatsapp.wait_offline(shared.phone) is None
    assert descriptors(shared) < before + CYCLES / 5  # the pool of connections may have grown


def descriptors(stage: Stage) -> int:
    """Count the daemon's open files and sockets."""
    return len(list(Path(f"/proc/{stage.daemon.process.pid}/fd").iterdir()))
