"""A daemon as a real process on a database of the test's own, and what a test does with it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, TypeVar

import psycopg
from command import Ended, run
from daemon_process import DaemonProcess, environment, until
from psycopg.sql import SQL, Identifier, Placeholder
from whatsapp_server.harness import PlayedWhatsApp

from waremind.client import Client
from waremind.requests.account import AccountAdd
from waremind.requests.core import Request

T = TypeVar("T")


@dataclass(frozen=True)
class Running:
    """A daemon that answers: by the client, by the command line, and with its database open."""

    process: DaemonProcess
    client: Client
    database: psycopg.Connection[Any]

    def call(self, request: Request[T]) -> T:
        return self.client.call(request)

    def cli(self, *arguments: str, stdin: bytes = b"") -> Ended:
        """Run `waremind --json ARGUMENTS…` to its end."""
        return run("--json", *arguments, environment=self.process.environment, stdin=stdin)

    def until(self, ask: Callable[[], T | None]) -> T:
        """Ask until there is an answer."""
        return until(ask, "what the test waits for")

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
        names = SQL(", ").join(map(Identifier, values))
        places = SQL(", ").join([Placeholder()] * len(values))
        insert = SQL("INSERT INTO whatsapp_groups ({}) VALUES ({})").format(names, places)
        self.database.execute(insert, list(values.values()))
        return values["id"]

    def sql(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Look, or change what only time could change."""
        cursor = self.database.execute(query.encode(), values)
        return cursor.fetchall() if cursor.description else []


@contextlib.contextmanager
def running(
    dsn: str, whatsapp: PlayedWhatsApp | None = None, **settings: str
) -> Generator[Running]:
    """Run `waremind daemon` on a database; `settings` are environment variables."""
    zone = {"WAREMIND_DEFAULT_TZ": "Europe/Berlin"}
    with (
        DaemonProcess({**environment(whatsapp, dsn), **zone, **settings}) as process,
        process.client() as client,
        psycopg.connect(dsn, autocommit=True) as database,
    ):
        yield Running(process, client, database)
