"""A real daemon as a node of a cluster, and what its phones have read."""

from __future__ import annotations

import contextlib
import os
import signal
from collections import Counter

from daemon_process import DaemonProcess, environment
from delivery.stage import UNGOVERNED
from whatsapp_server.harness import PlayedWhatsApp

from waremind.requests.node import NodeList

LEASE_SECONDS = 4.0
# A lease, two beats of whoever looks, and a login.
SILENCE_SECONDS = LEASE_SECONDS + 6


class Node(DaemonProcess):
    """A daemon of a cluster."""

    def __init__(self, name: str, whatsapp: PlayedWhatsApp, dsn: str) -> None:
        cluster = {
            "WAREMIND_CLUSTER__NAME": name,
            "WAREMIND_CLUSTER__LEASE_SECONDS": str(LEASE_SECONDS),
        }
        super().__init__(environment(whatsapp, dsn) | UNGOVERNED | cluster)
        self.name = name

    def speaks(self) -> bool:
        """Tell whether it may act for its accounts."""
        nodes = self.call(NodeList()).nodes
        return any(each.name == self.name and each.state == "speaking" for each in nodes)

    def has(self, account: str) -> bool:
        """Tell whether it has an account."""
        return self.show(account).node == self.name

    def hang(self, *, sessions: bool) -> None:
        """Stop the daemon, and its sessions too, as a machine that hangs; `go_on` ends that."""
        self._signal(signal.SIGSTOP, sessions=sessions)

    def go_on(self) -> None:
        self._signal(signal.SIGCONT, sessions=True)

    def _signal(self, number: signal.Signals, *, sessions: bool) -> None:
        for pid in (self.process.pid, *(self.processes() if sessions else ())):
            with contextlib.suppress(ProcessLookupError):  # a session has just ended
                os.kill(pid, number)


def texts(whatsapp: PlayedWhatsApp) -> Counter[str | None]:
    """Count what a member has read, by text; None: what could not be read."""
    read = (message.texts.values() for message in whatsapp.messages())
    return Counter(next(iter(set(each)), None) for each in read)
