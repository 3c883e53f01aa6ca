"""The daemon's socket: bytes, lines and requests that nobody should send."""

from __future__ import annotations

import json
import selectors
import socket
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, suppress
from random import Random
from typing import Any

from campaigns.fuzz import requests
from campaigns.fuzz.bytes import bent, rubbish
from campaigns.fuzz.stage import Stage

from waremind.errors import ErrorCode
from waremind.protocol import MAX_LINE

CODES = {code.value for code in ErrorCode} - {ErrorCode.INTERNAL.value}
ERROR_BYTES = 8_000  # what is wrong with a megabyte is still a sentence
ANSWER_SECONDS = 20.0
VERSION = b'{"jsonrpc": "2.0", "id": 1, "method": "version"}\n'
FOLLOW = b'{"jsonrpc": "2.0", "id": 1, "method": "events", "params": {"follow": true}}\n'
AUDIT = b'{"jsonrpc": "2.0", "id": 1, "method": "audit.list"}\n'


def round_(stage: Stage, chance: Random) -> Counter[str]:
    """Be one kind of bad client."""
    counts = chance.choices([words, lines, crowd, deaf], [6, 3, 1, 1])[0](stage, chance)
    stage.sweep()
    return counts


def connected(stage: Stage) -> socket.socket:
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(ANSWER_SECONDS)
    client.connect(str(stage.daemon.socket))
    return client


def words(stage: Stage, chance: Random) -> Counter[str]:
    """Ask for what is almost right, one request after the other."""
    counts = Counter[str]()
    with connected(stage) as client, client.makefile("rb") as answers:
        for _ in range(25):
            line = requests.request(chance, stage)
            begin = time.monotonic()
            client.sendall(line + b"\n")
            answer = judged(answer_of(answers.readline), line)
            seconds = time.monotonic() - begin
            assert seconds < ANSWER_SECONDS / 2, f"{seconds:.1f} s for {line[:500]!r}"
            counts[f"requests: {answer}"] += 1
    return counts


def answer_of(readline: Callable[[], bytes]) -> bytes:
    """Read the next answer, past the events of a stream, which must come to an end."""
    end = time.monotonic() + ANSWER_SECONDS
    while b'"method"' in (line := readline())[:40]:
        assert time.monotonic() < end, f"events and no answer: {line[:500]!r}"
    return line


def judged(answer: bytes, line: bytes) -> str:
    """Return `done` or the code of the error; it must be one answer as the contract says."""
    said = f"{answer[:500]!r} to {line[:500]!r}"
    assert answer.endswith(b"\n"), f"no answer: {said}"
    told: dict[str, Any] = json.loads(answer)
    assert ("result" in told) != ("error" in told), said
    if "result" in told:
        return "done"
    assert told["error"]["data"]["code"] in CODES, said
    assert len(answer) < ERROR_BYTES, f"{len(answer)} bytes: {said}"
    return told["error"]["data"]["code"]


def lines(stage: Stage, chance: Random) -> Counter[str]:
    """Say lines that are none, all at once; each is answered."""
    makes = [
        lambda: rubbish(chance, chance.randrange(200)),
        lambda: bent(chance, requests.harmless(chance, stage)),
        lambda: requests.harmless(chance, stage)[: chance.randrange(200)],
        lambda: VERSION[:-1] * chance.randrange(1, 4),
        lambda: b"[" * chance.choice([1, 1_000, 500_000]),
        lambda: b'{"id": 1,' * chance.choice([1, 1_000, 50_000]),
        lambda: b"x" * chance.choice([MAX_LINE - 2, MAX_LINE - 1, MAX_LINE, 2 * MAX_LINE + 7]),
        lambda: VERSION[:-2] + b', "id": 2}' * 2,
        lambda: VERSION[:-1],
    ]
    weights = [8, 8, 8, 2, 1, 1, 1, 2, 2]
    said = b"\n".join(chance.choices(makes, weights)[0]() for _ in range(chance.randrange(1, 60)))
    said += b"\n" * chance.randrange(2)
    with connected(stage) as client:
        answers = exchange(client, said)
    expected = len(said.split(b"\n")) - said.endswith(b"\n") - (not said)
    events = [answer for answer in answers if b'"method"' in answer[:40]]
    rest = [answer for answer in answers if answer not in events]
    assert len(rest) == expected, f"{len(rest)} answers to {expected} lines: {said[:2000]!r}"
    codes = Counter(judged(answer, b"one of many lines") for answer in rest)
    return Counter({f"lines: {code}": number for code, number in codes.items()})


def exchange(client: socket.socket, said: bytes) -> list[bytes]:
    """Say all, hang up on that side, and read until the daemon does."""
    client.setblocking(False)
    heard, rest, end = bytearray(), memoryview(said), time.monotonic() + 2 * ANSWER_SECONDS
    with selectors.DefaultSelector() as selector:
        selector.register(client, selectors.EVENT_READ | selectors.EVENT_WRITE)
        while time.monotonic() < end:
            for _, events in selector.select(1):
                if events & selectors.EVENT_WRITE:
                    rest = rest[client.send(rest[:65536]) :]
                    if not rest:
                        client.shutdown(socket.SHUT_WR)
                        selector.modify(client, selectors.EVENT_READ)
                if events & selectors.EVENT_READ:
                    part = client.recv(1 << 20)
                    heard += part
                    if not part:
                        return bytes(heard).splitlines(keepends=True)
    raise AssertionError(f"the daemon does not come to an end of {said[:2000]!r}")


def crowd(stage: Stage, chance: Random) -> Counter[str]:
    """Come with many, say half of something, and go while others still stand there."""
    with ExitStack() as stack:
        number = chance.randrange(20, 120)
        for _ in range(number):
            client = stack.enter_context(connected(stage))
            line = requests.harmless(chance, stage) + b"\n"
            said = chance.choice([b"", line, line * 3, FOLLOW * 3, line + b"x" * (2 * MAX_LINE)])
            client.setblocking(False)
            with suppress(BlockingIOError):
                client.send(said[: chance.randrange(len(said) + 1)])
            if chance.random() < 0.5:
                client.close()
    return Counter({"clients that went away in the middle": number})


def deaf(stage: Stage, chance: Random) -> Counter[str]:
    """Ask a lot, perhaps after what is never answered to its end, and read nothing."""
    asked = Counter[str]()
    line = chance.choice([AUDIT, FOLLOW])
    with connected(stage) as client, suppress(BlockingIOError):
        client.setblocking(False)
        for _ in range(chance.randrange(1, 2000)):
            client.sendall(line)
            asked["requests of who reads nothing"] += 1
    return asked
