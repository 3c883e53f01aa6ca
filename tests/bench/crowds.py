"""A group as large as WhatsApp has them: all its phones speak at once, and sends go on."""

from __future__ import annotations

import contextlib
import statistics
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Self

from daemon_process import DaemonProcess, environment, until
from whatsapp_server.harness import PlayedWhatsApp
from whatsapp_server.records import Message

from bench.finding import Finding, Scale
from bench.messages import bare_neonize
from waremind.requests.account import AccountSync
from waremind.requests.run import RunList, Send

MEMBERS, DEVICES = 1_024, 2
OURS, THEIRS = "628110000001", "628110000002"
UNPACED = {"WAREMIND_GOVERNOR__ENABLED": "false"}
TEXT = "Stand-up in 5 minutes"
# What is late then waits in the engine, which reads one thing after the other, and in the WhatsApp
# that is played here: both are neonize's part as well. Ours is to write all of it down meanwhile.
UNCHANGED, NO_WORSE = 1.1, 1.1
MESSAGES_A_BURST = 100
BURST_SECONDS = 4.0  # all at once they would keep the WhatsApp that is played from taking messages
PATIENCE = 300.0  # seconds: to set up keys with a thousand members takes long on a busy machine

Say = Callable[[str], float]  # sends to a group; returns how many seconds that took


async def measure(scale: Scale) -> AsyncIterator[Finding]:
    """Send to a small group while all devices of a large one say that they have their message."""
    with PlayedWhatsApp(decrypt="none") as whatsapp:
        members = [OURS, THEIRS, *whatsapp.crowd(MEMBERS - 2, devices=DEVICES)]
        crowd = whatsapp.group("Crowd", members)
        small = whatsapp.group("Small", [OURS, THEIRS])
        with _daemon(whatsapp) as daemon, bare_neonize(whatsapp, THEIRS) as send:

            def ours(group: str) -> float:
                request = Send(account="ops", to=[group], text=TEXT, timeout_seconds=PATIENCE)
                with daemon.client() as client:
                    begun = time.perf_counter()
                    run = client.call(request, PATIENCE).run
                    assert run
                    assert run.status == "sent", run
                    return time.perf_counter() - begun

            def bare(group: str) -> float:
                return send(group, 1)

            for say in (ours, bare):
                say(crowd), say(small)  # the first one sets up keys with each member
            rounds = [
                [_round(whatsapp, say, crowd, small) for say in (ours, bare)]
                for _ in range(max(3, scale.messages // MESSAGES_A_BURST))
            ]
            ours(crowd)
            said = whatsapp.receipts(_last_to(whatsapp, crowd))
            counted = until(lambda: _delivered(daemon), "every member to be counted")
    own, theirs = (_Paired.of(each) for each in zip(*rounds, strict=True))
    claim = f"p99 of {len(own.during)} sends while {said} receipts come each 4 s; without them"
    yield Finding(claim, own.p99_during, own.p99_calm, "ms", "at most", UNCHANGED)
    claim = f"the same of bare neonize, {len(theirs.during)} sends"
    yield Finding(claim, theirs.p99_during, theirs.p99_calm, "ms", "at most", UNCHANGED)
    claim = "our p99 while receipts come; bare neonize's"
    yield Finding(claim, own.p99_during, theirs.p99_during, "ms", "at most", NO_WORSE)
    claim = f"members counted by the receipts of {said} devices; of {MEMBERS - 1}"
    yield Finding(claim, counted, MEMBERS - 1, "", "at least", 1)


@dataclass(frozen=True, slots=True)
class _Paired:
    """The milliseconds of sends during bursts of receipts, and of as many right after each."""

    during: list[float]
    calm: list[float]

    @classmethod
    def of(cls, rounds: Sequence[Self]) -> Self:
        """Put rounds together."""
        during, calm = ([each for one in rounds for each in getattr(one, name)] for name in _SIDES)
        return cls(during, calm)

    @property
    def p99_during(self) -> float:
        return _p99(self.during)

    @property
    def p99_calm(self) -> float:
        return _p99(self.calm)


_SIDES = ("during", "calm")


@contextlib.contextmanager
def _daemon(whatsapp: PlayedWhatsApp) -> Iterator[DaemonProcess]:
    with DaemonProcess({**environment(whatsapp), **UNPACED}) as daemon:
        daemon.pair(daemon.add("ops").label, whatsapp, OURS)
        daemon.call(AccountSync(account="ops"))
        yield daemon


def _round(whatsapp: PlayedWhatsApp, say: Say, crowd: str, small: str) -> _Paired:
    """Send to the crowd, then to the small group until all of the crowd have said so, and after."""
    say(crowd)
    message, during = _last_to(whatsapp, crowd), list[float]()
    with ThreadPoolExecutor(1) as phones:
        saying = phones.submit(whatsapp.receipts, message, seconds=BURST_SECONDS)
        while not saying.done():
            during.append(say(small) * 1000)
        saying.result()
    return _Paired(during, [say(small) * 1000 for _ in during])


def _p99(took: Sequence[float]) -> float:
    return statistics.quantiles(took, n=100, method="inclusive")[98]


def _last_to(whatsapp: PlayedWhatsApp, group: str) -> Message:
    return [each for each in whatsapp.messages() if each.to == group][-1]


def _delivered(daemon: DaemonProcess) -> int | None:
    """Say how many members have the last message, once all have."""
    [[delivery]] = [run.deliveries for run in daemon.call(RunList(limit=1)).runs]
    return delivery.delivered if delivery.delivered == delivery.members else None
