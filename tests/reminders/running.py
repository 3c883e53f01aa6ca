"""A daemon as a real process on a database of the test's own, and what a test does with it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import psycopg

from waremind.client import Client
from waremind.requests.account import AccountAdd
from waremind.requests.core import Request

T = TypeVar("T")

PROGRAM = Path(sys.executable).with_name("waremind")
END_SECONDS = 20
PATIENCE_SECONDS = 20
POLL_SECONDS = 0.02


@dataclass(frozen=True)
class Ended:
    """What a command left."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """What stdout says as JSON."""
        return json.loads(self.out)

    @property
    def error(self) -> Any:
        """The error object on the last line of stderr."""
        return json.loads(self.err.splitlines()[-1])["error"]


@dataclass(frozen=True)
class Running:
    """A daemon that answers: by the client, by the command line, and with its database open."""

    client: Client
    environment: Mapping[str, str]
    database: psycopg.Connection[Any]

    def call(self, request: Request[T]) -> T:
        return self.client.call(request)

    def cli(self, *arguments: str, stdin: bytes = b"") -> Ended:
        """Run `waremind --json ARGUMENTS…` to its end."""
        process = subprocess.run(
            [PROGRAM, "--json", *arguments],
            input=stdin,
            capture_output=True,
            env=self.environment,
            timeout=60,
            check=False,
        )
        return Ended(process.returncode, process.stdout.decode(), process.stderr.decode())

    def until(self, ask: Callable[[], T | None]) -> T:
        """Ask until there is an answer."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not (answer := ask()):
            assert time.monotonic() < deadline, f"waited {PATIENCE_SECONDS} s in vain"
            threading.Event().wait(POLL_SECONDS)
        return answer

    def account(self, label: str) -> str:
        """Add an account; returns its id."""
        return self.call(AccountAdd(label=label, exist_ok=True)).account.id

    def group(self, account: str, name: str, jid: str = "", **columns: Any) -> str:
        """Add a group as a sync would have written it; returns its id."""
        (number,) = self.sql("SELECT count(*) + 1 FROM whatsapp_groups")[0]
        values = {
            "id": f"grp_{number:012}",
            "account_id": self.account(account),
            "jid": jid or f"{120363000000000000 + number}@g.us",
            "name": name,
            "synced_at": "2026-01-01T00:00:00Z",
            **columns,
        }
        names = psycopg.sql.SQL(", ").join(map(psycopg.sql.Identifier, values))
        insert = psycopg.sql.SQL("INSERT INTO whatsapp_groups ({}) VALUES ({})")
        places = psycopg.sql.SQL(", ").join([psycopg.sql.Placeholder()] * len(values))
        self.database.execute(insert.format(names, places), list(values.values()))
        return values["id"]

    def sql(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Look, or change what only time could change."""
        cursor = self.database.execute(query.encode(), values)
        return cursor.fetchall() if cursor.description else []


@contextlib.contextmanager
def running(
    dsn: str, environment: Mapping[str, str] = os.environ, **settings: str
) -> Generator[Running]:
    """Run `waremind daemon` on a database; `settings` are environment variables of ours."""
    with tempfile.TemporaryDirectory(prefix="waremind-test-") as place:
        variables = {
            **environment,
            "HOME": place,
            "WAREMIND_STATE_DIR": f"{place}/state",
            "WAREMIND_SOCKET": f"{place}/waremind.sock",
            "WAREMIND_DATABASE__URL": dsn,
            "WAREMIND_DEFAULT_TZ": "Europe/Berlin",
            **settings,
        }
        with process(variables), contextlib.ExitStack() as stack:
            client = stack.enter_context(Client(Path(place, "waremind.sock")))
            database = stack.enter_context(psycopg.connect(dsn, autocommit=True))
            yield Running(client, variables, database)


@contextlib.contextmanager
def process(environment: Mapping[str, str]) -> Generator[subprocess.Popen[str]]:
    """Run the daemon until the end of the block; it has said that it is ready."""
    command = [PROGRAM, "daemon"]
    daemon = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    assert daemon.stderr
    said: list[str] = []
    try:
        for line in daemon.stderr:
            said.append(line)
            if "ready" in line:
                break
        else:
            raise AssertionError(f"the daemon ended: {''.join(said)}")
        yield daemon
    finally:
        daemon.send_signal(signal.SIGTERM)
        try:
            said += daemon.communicate(timeout=END_SECONDS)[1].splitlines(keepends=True)
        finally:
            daemon.kill()
            sys.stderr.write("".join(said))
