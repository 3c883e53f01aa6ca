"""A connected account with groups of its own, what it is told to send, and what the phones saw."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, Unpack

import psycopg
from daemon_process import DaemonProcess, until
from whatsapp_server.behaviour import Behaviour, Changes
from whatsapp_server.harness import PlayedWhatsApp
from whatsapp_server.records import Message

from waremind.objects import Account, Delivery, Reminder, Run
from waremind.requests.account import AccountSync
from waremind.requests.reminder import ReminderAdd
from waremind.requests.run import RunList, Send

# No pace but WhatsApp's own, and what sent nothing is tried again soon.
UNGOVERNED = {
    "WAREMIND_GOVERNOR__ENABLED": "false",
    "WAREMIND_DELIVERY__RETRY_FIRST_SECONDS": "0.1",
    "WAREMIND_DELIVERY__RETRY_MAX_SECONDS": "0.5",
    "WAREMIND_DEFAULT_TZ": "UTC",
}
BUDI = "628220000001"
OPEN = {"scheduled", "sending"}

_numbers = count(1)


def moment(**ahead: float) -> str:
    """Write a time so far ahead (or, below zero, ago)."""
    return (datetime.now(UTC) + timedelta(**ahead)).isoformat(timespec="seconds")


@dataclass
class Stage:
    """An account of a test's own: its label, its phone, the JIDs of its groups."""

    daemon: DaemonProcess
    whatsapp: PlayedWhatsApp
    dsn: str
    label: str
    phone: str
    groups: list[str] = field(default_factory=list[str])

    def pair(self, **terms: Any) -> Account:
        """Pair the account, and wait until it knows its groups."""
        account = self.daemon.pair(self.label, self.whatsapp, self.phone, **terms)
        self.sync()
        return account

    def sync(self) -> None:
        self.daemon.call(AccountSync(account=self.label))

    def group(self, members: Sequence[str] = (BUDI,), **options: Any) -> str:
        """Make a group that the account is in; returns its JID."""
        name = f"{self.label} group {len(self.groups) + 1}"
        jid = self.whatsapp.group(name, [self.phone, *members], **options)
        self.groups.append(jid)
        return jid

    def wait(self, status: str, reason: str | None = None) -> Account:
        return self.daemon.wait(self.label, status, reason)

    # What is to be sent.

    def remind(self, **fields: Any) -> Reminder:
        """Add a reminder to all groups, due just now unless the fields say otherwise."""
        name = f"reminder {next(_numbers)}"
        when = {} if "rrule" in fields else {"at": moment(seconds=-1)}
        content = {"to": self.groups, "text": f"text of {name}", "grace_seconds": 600, **when}
        request = ReminderAdd(name=name, account=self.label, **(content | fields))
        return self.daemon.call(request).reminder

    def send(self, text: str, **fields: Any) -> Run:
        """Send a text to all groups, and wait for the end."""
        run = self.daemon.call(Send(account=self.label, to=self.groups, text=text, **fields)).run
        assert run is not None
        return run

    # What became of it.

    def runs(self) -> list[Run]:
        """List the account's runs, the newest first."""
        return self.daemon.call(RunList(account=self.label, limit=0)).runs

    def run(self) -> Run:
        """Give the only run that there is."""
        (run,) = until(self.runs, f"a run of {self.label}")
        return run

    def deliveries(self) -> list[Delivery]:
        return [delivery for run in self.runs() for delivery in run.deliveries]

    def statuses(self) -> Counter[str]:
        return Counter(delivery.status for delivery in self.deliveries())

    def reasons(self) -> set[str | None]:
        return {delivery.reason for delivery in self.deliveries()}

    def settled(self) -> Counter[str]:
        """Wait until nothing is scheduled or being sent; count how it all stands."""

        def stands() -> Counter[str] | None:
            statuses = self.statuses()
            return statuses if statuses and not OPEN & set(statuses) else None

        return until(stands, f"the deliveries of {self.label} to end")

    def has(self, status: str, number: int = 1) -> None:
        """Wait until so many deliveries have a status."""
        until(lambda: self.statuses()[status] >= number, f"{number} to be {status}")

    def messages(self) -> list[Message]:
        """List what reached WhatsApp from the account."""
        return [one for one in self.whatsapp.messages() if one.sender.startswith(self.phone)]

    def arrived(self, number: int = 1) -> list[Message]:
        """Wait until so many messages have reached WhatsApp."""

        def enough() -> list[Message] | None:
            found = self.messages()
            return found if len(found) >= number else None

        return until(enough, f"{number} messages of {self.label}")

    def shown(self) -> Counter[tuple[str, str]]:
        """Count what phones show, by text and group."""
        return Counter((one.text, one.to) for one in self.messages() if one.refused is None)

    # What only time or misfortune could change.

    def sql(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            cursor = connection.execute(query.encode(), values)
            return cursor.fetchall() if cursor.description else []

    def behave(self, **changes: Unpack[Changes]) -> None:
        self.whatsapp.behave(self.phone, **changes)

    @contextmanager
    def behaving(self, **changes: Unpack[Changes]) -> Iterator[None]:
        """Let WhatsApp treat the account differently for a while."""
        before = {name: getattr(Behaviour(), name) for name in changes}
        self.behave(**changes)
        try:
            yield
        finally:
            self.whatsapp.behave(self.phone, **before)


def stage(daemon: DaemonProcess, whatsapp: PlayedWhatsApp, dsn: str, groups: int) -> Stage:
    """Add and pair an account that is in so many groups."""
    number = next(_numbers)
    made = Stage(daemon, whatsapp, dsn, f"sender {number}", f"62831{number:07}")
    daemon.add(made.label)
    for _ in range(groups):
        made.group()
    made.pair()
    return made
