"""`Client`: drives a real neonize client process, synchronously."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any, Self

from whatsapp_server.harness import PlayedWhatsApp

_TESTS = Path(__file__).parent.parent
_PATIENCE_SECONDS = 30.0

Line = dict[str, Any]


class ClientError(Exception):
    """neonize raised."""


class Client:
    """A client with its store in `directory`; what it says is kept in `lines`."""

    def __init__(self, whatsapp: PlayedWhatsApp, directory: Path) -> None:
        self.lines: list[Line] = []
        self._told: Counter[str] = Counter()
        self._more = threading.Condition()
        self._ids = itertools.count()
        self._log = (directory / "client.log").open("ab")
        path = os.pathsep.join([str(whatsapp.overlay), str(_TESTS)])
        self._process = subprocess.Popen(
            [sys.executable, "-m", "whatsapp_server.client_process", directory / "store.sqlite3"],
            env={**whatsapp.env(), "PYTHONPATH": path},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join()
        for pipe in (self._process.stdin, self._process.stdout, self._log):
            if pipe is not None:
                pipe.close()

    def wait(self, event: str, since: int = 0, timeout: float = _PATIENCE_SECONDS) -> Line:
        """Wait for an event among `lines[since:]`."""
        return self._find(since, timeout, "event", event)

    def wait_all(self, event: str, count: int) -> list[Line]:
        """Wait until an event has been told so often; returns each."""
        with self._more:
            if not self._more.wait_for(lambda: self._told[event] >= count, _PATIENCE_SECONDS):
                raise TimeoutError(f"waited for {count} times {event}, not {self._told[event]}")
            return [line for line in self.lines if line.get("event") == event]

    def call(self, request: str, **arguments: object) -> Any:
        """Ask for something and wait for its result."""
        number, pipe = next(self._ids), self._process.stdin
        if pipe is None:
            raise ClientError("the process has no standard input")
        pipe.write(json.dumps({"id": number, "call": request, "arguments": arguments}) + "\n")
        pipe.flush()
        answer = self._find(0, _PATIENCE_SECONDS, "answer", number)
        if "error" in answer:
            raise ClientError(answer["error"])
        return answer["result"]

    def qr(self) -> str:
        """Wait for the first QR; returns its payload."""
        return self.wait("qr")["payload"]

    def _find(self, since: int, timeout: float, key: str, value: object) -> Line:
        def matches() -> list[Line]:
            return [line for line in self.lines[since:] if line.get(key) == value]

        with self._more:
            if not self._more.wait_for(matches, timeout):
                raise TimeoutError(f"waited {timeout:g} s for {key} {value}: {self.lines[since:]}")
            return matches()[0]

    def _read(self) -> None:
        for line in self._process.stdout or ():
            with self._more:
                self.lines.append(json.loads(line))
                self._told[self.lines[-1].get("event", "")] += 1
                self._more.notify_all()
