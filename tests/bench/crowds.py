"""A group as large as WhatsApp has them: all its phones speak at once, and sends go on."""

from __future__ import annotations

import contextlib
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from daemon_process import DaemonProcess, environment, until
from whatsapp_server.client import Client
from whatsapp_server.harness import PlayedWhatsApp
from whatsapp_server.records import Message

from bench.finding import Finding, Scale
from waremind.requests.account import AccountSync
from waremind.requests.run import RunShow, Send

MEMBERS, DEVICES = 1_024, 2
OURS, THEIRS = "628110000001", "628110000002"
UNPACED = {"WAREMIND_GOVERNOR__ENABLED": "false"}
TEXT = "Stand-up in 5 minutes"
# The ack of a send comes after the receipts that WhatsApp has sent before it: that is neonize's
# part. Ours is to write all of them down meanwhile.
TARGET = 2.0
MESSAGES_A_BURST = 30

Say = Callable[[str], object]  # sends to a group, and returns once WhatsApp has it


async def measure(scale: Scale) -> AsyncIterator[Finding]:
    """Send to a small group while all devices of a large one say that they have their message."""
    with PlayedWhatsApp(decrypt="none") as whatsapp:
        members = [OURS, THEIRS, *whatsapp.crowd(MEMBERS - 2, devices=DEVICES)]
        crowd = whatsapp.group("Crowd", members)
        small = whatsapp.group("Small", [OURS, THEIRS])
        with _daemon(whatsapp) as daemon, _bare(whatsapp) as bare:

            def ours(group: str) -> str:
                run = daemon.call(Send(account="ops", to=[group], text=TEXT)).run
                assert run
                assert run.status == "sent", run
                return run.id

            for say in (ours, bare):
                say(crowd), say(small)  # the first one sets up keys with each member
            turns = [
                [_burst(whatsapp, say, crowd, small) for say in (ours, bare)]
                for _ in range(max(3, scale.messages // MESSAGES_A_BURST))
            ]
            run = ours(crowd)
            said = whatsapp.receipts(_last_to(whatsapp, crowd))
            counted = until(lambda: _delivered(daemon, run), "every member to be counted")
    own, theirs = (statistics.median(took) for took in zip(*turns, strict=True))
    claim = f"the slowest send during {said} receipts at once; bare neonize"
    yield Finding(claim, own, theirs, "ms", "at most", TARGET)
    claim = f"members counted by the receipts of {said} devices; of {MEMBERS - 1}"
    yield Finding(claim, counted, MEMBERS - 1, "", "at least", 1)


@contextlib.contextmanager
def _daemon(whatsapp: PlayedWhatsApp) -> Iterator[DaemonProcess]:
    with DaemonProcess({**environment(whatsapp), **UNPACED}) as daemon:
        daemon.pair(daemon.add("ops").label, whatsapp, OURS)
        daemon.call(AccountSync(account="ops"))
        yield daemon


@contextlib.contextmanager
def _bare(whatsapp: PlayedWhatsApp) -> Iterator[Say]:
    with tempfile.TemporaryDirectory() as directory, Client(whatsapp, Path(directory)) as client:
        whatsapp.scan(client.qr(), THEIRS)
        client.wait("Connected")
        yield lambda group: client.call("send", to=group, text=TEXT)


def _burst(whatsapp: PlayedWhatsApp, say: Say, crowd: str, small: str) -> float:
    """Send to the crowd, then to the small group until all of the crowd have said so.

    Returns the milliseconds that the slowest of these sends took.
    """
    say(crowd)
    message = _last_to(whatsapp, crowd)
    slowest = 0.0
    with ThreadPoolExecutor(1) as phones:
        saying = phones.submit(whatsapp.receipts, message)
        while not saying.done():
            begun = time.perf_counter()
            say(small)
            slowest = max(slowest, time.perf_counter() - begun)
        saying.result()
    return slowest * 1000


def _last_to(whatsapp: PlayedWhatsApp, group: str) -> Message:
    return [each for each in whatsapp.messages() if each.to == group][-1]


def _delivered(daemon: DaemonProcess, run: str) -> int | None:
    """Say how many members have it, once all have."""
    [delivery] = daemon.call(RunShow(run=run)).run.deliveries
    return delivery.delivered if delivery.delivered == delivery.members else None
