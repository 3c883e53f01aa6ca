"""`waremind events --follow` as a process of its own, as whoever keeps watch runs it."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterable
from threading import Thread
from typing import Self

import msgspec
from daemon_process import WAREMIND, DaemonProcess, until

from waremind.requests.events import Event, Events, EventsEnd


class Follower:
    """Keeps all that it is told, in the order in which it was told."""

    def __init__(self, daemon: DaemonProcess) -> None:
        self._daemon = daemon
        self.told: list[Event] = []
        self._taken = 0
        # It is none of the daemon's processes, and does not end with its machine.
        environment = {**daemon.environment, "TMPDIR": tempfile.gettempdir()}
        self._process = subprocess.Popen(
            [WAREMIND, "--json", "events", "--follow", "--since", "0"],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self._reader = Thread(target=self._read)
        self._reader.start()

    def __enter__(self) -> Self:
        """Wait until it hears: one that finds no daemon in the beginning ends."""
        until(lambda: self.told, "the first event to be told")
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._reader.join()
        self._process.communicate()

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self.told.append(msgspec.json.decode(line, type=Event))

    def caught_up(self) -> list[Event]:
        """Wait until all that has happened was told; returns all that was told."""
        newer = kept(self._daemon, since=self.told[-1].id)
        newest = max((event.id for event in newer), default=0)
        until(lambda: self.told[-1].id >= newest, f"event {newest} to be told")
        return list(self.told)

    def news(self) -> list[Event]:
        """Wait until all that has happened was told; returns what is new since this was asked."""
        told = self.caught_up()
        before, self._taken = self._taken, len(told)
        return told[before:]


def kept(daemon: DaemonProcess, since: int = 0) -> Iterable[Event]:
    """List the events that are kept, or those of them that come after one."""
    with daemon.client() as client:
        for told in client.watch(Events(since=str(since)), Event):
            if not isinstance(told, EventsEnd):
                yield told
