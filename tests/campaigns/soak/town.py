"""The daemon, its WhatsApp and its accounts: what they say, and what they are expected to be."""

from __future__ import annotations

import random
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any, TypeVar, Unpack

from daemon_process import DaemonProcess, until
from whatsapp_server.behaviour import Behaviour, Changes
from whatsapp_server.harness import PlayedWhatsApp, PlayedWhatsAppError

from campaigns.database import Database
from waremind.errors import WaremindError
from waremind.objects import Account, Reminder
from waremind.requests.account import AccountAdd, AccountRename, AccountSync
from waremind.requests.core import Request
from waremind.requests.daemon import Status, Thaw
from waremind.requests.reminder import ReminderAdd, ReminderList, ReminderPause
from waremind.requests.run import RunList, Send

T = TypeVar("T")

MEMBERS = tuple(f"62822{number:07}" for number in range(6))
SETTINGS = {
    "WAREMIND_GOVERNOR__ENABLED": "false",
    "WAREMIND_GOVERNOR__HOLD_SECONDS": "2",
    "WAREMIND_DELIVERY__RETRY_FIRST_SECONDS": "0.2",
    "WAREMIND_DELIVERY__RETRY_MAX_SECONDS": "1",
    "WAREMIND_DELIVERY__GRACE_SECONDS": "600",
    "WAREMIND_DEFAULT_TZ": "UTC",
}
SETTLE_SECONDS = 120.0
OPEN = {"scheduled", "sending", "held", "revoking"}  # what of a run is still to come


@dataclass(frozen=True)
class Word:
    """What was to be said: a text that nothing else says, by an account as it was then."""

    text: str
    account: str
    reminder: str | None
    """The reminder's id; None: a message of `send`, whose key is the text."""
    to: tuple[str, ...]
    repeats: bool = False
    """It has a rule."""


@dataclass
class Resident:
    """One account, its phone and its groups. One thread at a time lives its life."""

    town: Town
    label: str
    phone: str
    groups: list[str]
    is_quiet: bool
    """It only sends: nothing ends its session, so that what its child takes can be followed."""
    rests: bool = False
    """It was unpaired, and nobody has paired it since."""
    words: list[Word] = field(default_factory=list[Word])
    doubtful: dict[str, bool] = field(default_factory=dict[str, bool])
    """Reminders that may have been added, by name, and whether they have a rule."""
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(10**9)))

    @property
    def account(self) -> Account:
        return self.town.daemon.show(self.label)

    def call(self, request: Request[T], patience_seconds: float = 120.0) -> T:
        """Ask on a connection of its own."""
        with self.town.daemon.client() as client:
            return client.call(request, patience_seconds)

    def pair(self, **terms: Any) -> None:
        """Pair, to the end, and let it see its groups."""
        self.rests = False
        self.town.daemon.pair(self.label, self.town.whatsapp, self.phone, **terms)
        self.call(AccountSync(account=self.label))

    def unpair(self) -> None:
        """Unpair; from here on it rests."""
        before = time.monotonic()
        self.town.daemon.unpair(self.label)
        self.rests = True
        self.town.count("slowest unpair, s", time.monotonic() - before, most=True)

    def wait(self, status: str, seconds: float = 60.0) -> Account:
        """Wait until the account has a status."""

        def seen() -> Account | None:
            with suppress(WaremindError):
                return found if (found := self.account).status == status else None
            return None

        return until(seen, f"{self.label} to be {status}", seconds)

    @contextmanager
    def treated(self, **changes: Unpack[Changes]) -> Iterator[None]:
        """Let WhatsApp behave differently towards the account for a while."""
        self.town.whatsapp.behave(self.phone, **changes)
        try:
            yield
        finally:
            before = {name: getattr(Behaviour(), name) for name in changes}
            self.town.whatsapp.behave(self.phone, **before)

    # What it says.

    def text(self) -> str:
        """Make a text that nothing else says."""
        return f"{self.label} {self.town.seed} {next(self.numbers)}"

    def some(self, chance: random.Random) -> tuple[str, ...]:
        """Choose some groups."""
        return tuple(chance.sample(self.groups, chance.randint(1, len(self.groups))))

    def remind(self, to: tuple[str, ...], ahead_seconds: float, **fields: Any) -> Word:
        """Add a reminder; returns its word."""
        at = datetime.now(UTC) + timedelta(seconds=ahead_seconds)
        text = self.text()
        when = {} if "rrule" in fields else {"at": at.isoformat(timespec="seconds")}
        asked = {"name": text, "account": self.label, "to": list(to), "text": text, **when}
        self.doubtful[text] = "rrule" in fields
        return self.learn(self.call(ReminderAdd(**(asked | fields))).reminder)

    def learn(self, reminder: Reminder) -> Word:
        """Take note of a reminder that was added; who was cut off is not told that it was."""
        repeats = self.doubtful.pop(reminder.name)
        to = tuple(group.jid for group in reminder.to)
        return self.said(Word(reminder.name, reminder.account_id, reminder.id, to, repeats=repeats))

    def sending(self, to: tuple[str, ...]) -> Send:
        """Make the request of one more message."""
        return self.sending_of(self.said(Word(self.text(), self.account.id, None, to)))

    def sending_of(self, word: Word) -> Send:
        """Make the request of a message; its key is its text."""
        return Send(account=self.label, to=list(word.to), text=word.text, key=word.text)

    def said(self, word: Word) -> Word:
        """Keep in mind what phones may show from now on."""
        self.words.append(word)
        return word


class Town:
    """Everybody, and what is counted of their life."""

    def __init__(
        self, daemon: DaemonProcess, database: Database, whatsapp: PlayedWhatsApp, seed: int
    ) -> None:
        self.daemon = daemon
        self.database = database
        self.whatsapp = whatsapp
        self.seed = seed
        self.residents: list[Resident] = []
        self.counts: defaultdict[str, float] = defaultdict(float)
        self.faults: list[str] = []
        self.dawn = datetime.now(UTC)
        self._counting = Lock()

    def count(self, what: str, number: float = 1, *, most: bool = False) -> None:
        """Count something; or keep the `most` that was seen of it."""
        with self._counting:
            before = self.counts[what]
            self.counts[what] = max(before, number) if most else before + number

    def fault(self, sentence: str) -> None:
        """Note what must not be."""
        with self._counting:
            self.faults.append(sentence)
            print(f"fault: {sentence}", flush=True)

    def settle(self, number: int, groups: int, quiet: int) -> None:
        """Add and pair the accounts."""
        for each in range(number):
            label, phone = f"account {each}", f"62811{each:07}"
            made = [
                self.whatsapp.group(f"{label} {group}", [phone, *MEMBERS], admins=[MEMBERS[0]])
                for group in range(groups)
            ]
            resident = Resident(self, label, phone, made, is_quiet=each < quiet)
            self.daemon.add(label)
            resident.pair()
            self.residents.append(resident)

    def mend(self) -> None:
        """Finish what an outage has kept operators from finishing; await all that do not rest."""
        for resident in self.residents:
            with suppress(WaremindError):
                renamed = AccountRename(account=f"{resident.label} renamed", label=resident.label)
                resident.call(renamed)
            resident.call(AccountAdd(label=resident.label, exist_ok=True))
            resident.call(Thaw(account=resident.label))
            if not resident.rests:
                self.recover(resident)
        self.daemon.call(Thaw())

    def recover(self, resident: Resident) -> None:
        """Wait until an account is connected; one that was unlinked or half paired is paired."""
        account = until(
            lambda: self._lasting(resident), f"{resident.label} to be something lasting"
        )
        if account.status != "connected":
            self.count(f"recovered from {account.reason}")
            resident.pair()

    def _lasting(self, resident: Resident) -> Account | None:
        account = resident.account
        if account.status == "pending":  # a stranger's pairing, that nobody waits for
            self.daemon.unpair(resident.label)
        return account if account.status in {"connected", "unpaired"} else None

    def quieten(self) -> None:
        """Pause every reminder that would go on, and wait until nothing is to come."""
        for reminder in self.daemon.call(ReminderList(state="active")).reminders:
            with suppress(WaremindError):  # it has just finished
                self.daemon.call(ReminderPause(reminder=reminder.id))
        try:
            until(self._is_settled, "nothing to be due or held any more", SETTLE_SECONDS)
        except TimeoutError as error:
            left = [run for run in self.daemon.call(RunList(limit=0)).runs if run.status in OPEN]
            raise TimeoutError(f"{error}, but {self.daemon.call(Status())}, {left}") from None

    def _is_settled(self) -> bool:
        report = self.daemon.call(Status())
        runs = report.runs
        return runs is not None and runs.due == runs.held == 0 and report.next_at is None


REFUSALS = (WaremindError, PlayedWhatsAppError, TimeoutError)
"""What a life has to bear: the daemon, WhatsApp or the other side says no, or not yet."""
