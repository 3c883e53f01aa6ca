"""The client that floods: it asks on many connections, and again whenever one ends.

A program of its own, so that it can be another Unix user; it stops when its input ends, and says
as JSON how often it was let in, answered, and hung up on.
"""

from __future__ import annotations

import json
import resource
import select
import socket
import sys
from collections import Counter
from dataclasses import dataclass

from waremind.protocol import MAX_LINE, encode_call
from waremind.requests.daemon import Doctor, Status
from waremind.requests.reminder import ReminderNext
from waremind.requests.run import RunList

TICK_SECONDS = 0.02
AT_ONCE = 64  # new connections in a tick
CHUNK_BYTES = 1 << 16
# Nothing in April, June, September or November has a 31st: as much CPU as a rule may take.
HEAVY = ReminderNext(rrule="FREQ=MONTHLY;BYMONTH=4,6,9,11", start="2026-01-31T09:00", tz="UTC")
ALL = encode_call(1, RunList(limit=0))
MOST_FILES = 8192


@dataclass(frozen=True)
class Flood:
    """So many connections, each of which says `line`; those that read ask again when answered."""

    connections: int
    line: bytes
    reads: bool = False
    stays: bool = True
    """It waits for its answer; else it hangs up when it has asked."""


FLOODS: dict[str, Flood] = {
    "4 run list --limit 0, unread": Flood(4, ALL),
    "32 run list --limit 0, unread": Flood(32, ALL),
    "32 run list --limit 0": Flood(32, ALL, reads=True),
    "64 doctor": Flood(64, encode_call(1, Doctor()), reads=True),
    "400 heavy reminder next": Flood(400, encode_call(1, HEAVY), reads=True),
    "400 status": Flood(400, encode_call(1, Status()), reads=True),
    "400 run list, hung up on": Flood(400, ALL, stays=False),
    "500 half lines": Flood(500, b" " * (MAX_LINE - 1)),
    "1257 idle connections": Flood(1257, b""),
}


class Connection:
    """One connection and what it has still to say."""

    def __init__(self, flood: Flood, path: str) -> None:
        self.flood = flood
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.setblocking(False)
        self.rest = flood.line
        try:
            self.socket.connect(path)
        except OSError:
            self.socket.close()
            raise

    def interest(self) -> int:
        """Say which events matter."""
        wants = select.EPOLLRDHUP | select.EPOLLHUP
        return wants | select.EPOLLOUT * bool(self.rest) | select.EPOLLIN * self.flood.reads

    def go_on(self, counts: Counter[str]) -> bool:
        """Say what is left and read what has come; False when it is over."""
        if self.rest:
            self.rest = self.rest[self.socket.send(self.rest[:CHUNK_BYTES]) :]
            return bool(self.rest) or self.flood.stays
        if not self.flood.reads:
            return True
        heard = self.socket.recv(4 * CHUNK_BYTES)
        if heard.endswith(b"\n"):
            counts["busy" if b'"busy"' in heard else "answered"] += 1
            self.rest = self.flood.line
        return bool(heard)


def flood(name: str, path: str) -> Counter[str]:
    """Flood until the standard input ends."""
    asked, counts = FLOODS[name], Counter[str]()
    poll, connections = select.epoll(), dict[int, Connection]()
    poll.register(0, select.EPOLLIN | select.EPOLLHUP)
    while True:
        top_up(asked, path, poll, connections, counts)
        for number, events in poll.poll(TICK_SECONDS):
            if number == 0:
                return counts
            go_on(connections, number, events, poll, counts)


def top_up(
    asked: Flood,
    path: str,
    poll: select.epoll,
    connections: dict[int, Connection],
    counts: Counter[str],
) -> None:
    """Connect until there are as many as there shall be, or nobody is let in for now."""
    for _ in range(min(AT_ONCE, asked.connections - len(connections))):
        try:
            made = Connection(asked, path)
        except OSError:
            counts["not let in"] += 1
            return
        counts["let in"] += 1
        connections[made.socket.fileno()] = made
        poll.register(made.socket, made.interest())


def go_on(
    connections: dict[int, Connection],
    number: int,
    events: int,
    poll: select.epoll,
    counts: Counter[str],
) -> None:
    """Go on with one connection; what it is told last is counted, and it is closed."""
    one = connections[number]
    try:
        lives = not events & (select.EPOLLHUP | select.EPOLLRDHUP) and one.go_on(counts)
    except BlockingIOError:
        return
    except OSError:
        lives = False
    if lives:
        poll.modify(number, one.interest())
        return
    counts["over"] += 1
    poll.unregister(number)
    one.socket.close()
    del connections[number]


def main() -> None:
    """Flood as the command line says."""
    name, path = sys.argv[1:]
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, MOST_FILES), hard))
    print(json.dumps(flood(name, path)))


if __name__ == "__main__":
    main()
