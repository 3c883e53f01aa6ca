"""Another machine, as a network namespace, and cables to it in which packets vanish.

Nobody is told of it, unlike of a connection that is refused or a network that is down: what one
side has sent stays unacknowledged.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from typing import Literal

import pytest

Direction = Literal["there", "back"]

NOBODY = "02:00:00:00:00:00"  # the hardware address of no machine
needs_namespaces = [
    pytest.mark.skipif(os.geteuid() != 0, reason="only root makes network namespaces"),
    pytest.mark.skipif(not shutil.which("ip"), reason="no ip: apt-get install iproute2"),
]


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


class Cable:
    """Leads to `host` over there, which sees us as `here`."""

    def __init__(self, machine: str, number: int) -> None:
        # Of the addresses for tests of networks, some that no other process here is likely to use.
        high, low = 18 + os.getpid() // 256 % 2, os.getpid() % 256
        self.here, self.host = (f"198.{high}.{low}.{4 * number + place}" for place in (1, 2))
        self._machine = machine
        self._ends = f"{machine}-{number}", f"far-{number}"
        self._addresses = [f"02:00:00:00:{number:02x}:{place:02x}" for place in (1, 2)]
        (near, far), (ours, theirs) = self._ends, self._addresses
        ip(
            *("link", "add", near, "address", ours, "type", "veth"),
            *("peer", "name", far, "address", theirs, "netns", machine),
        )
        ip("addr", "add", f"{self.here}/30", "dev", near)
        ip("link", "set", near, "up")
        ip("-n", machine, "addr", "add", f"{self.host}/30", "dev", far)
        ip("-n", machine, "link", "set", far, "up")
        self.heal()

    def stop(self, *directions: Direction) -> None:
        """Let packets vanish from now on."""
        if "there" in directions:
            self._send_there_to(NOBODY)
        if "back" in directions:
            self._send_back_to(NOBODY)

    def heal(self) -> None:
        """Let all through again."""
        ours, theirs = self._addresses
        self._send_there_to(theirs)
        self._send_back_to(ours)

    def _send_there_to(self, address: str) -> None:
        near, _ = self._ends
        ip("neigh", "replace", self.host, "lladdr", address, "nud", "permanent", "dev", near)

    def _send_back_to(self, address: str) -> None:
        _, far = self._ends
        where = ("lladdr", address, "nud", "permanent", "dev", far)
        ip("-n", self._machine, "neigh", "replace", self.here, *where)


class Machine:
    """A machine: what begins with `inside` runs there."""

    def __init__(self, name: str) -> None:
        self.inside = ("ip", "netns", "exec", name)
        self._name = name
        self._cables = 0

    def cable(self) -> Cable:
        """Lay one more cable to it."""
        self._cables += 1
        return Cable(self._name, self._cables)


@contextlib.contextmanager
def another_machine() -> Iterator[Machine | None]:
    """Have a machine; None where namespaces are forbidden."""
    name = f"wm{os.getpid()}"
    try:
        ip("netns", "add", name)
    except (OSError, subprocess.CalledProcessError):
        yield None
        return
    try:
        ip("-n", name, "link", "set", "lo", "up")
        yield Machine(name)
    finally:
        ip("netns", "delete", name)  # and with it the cables
