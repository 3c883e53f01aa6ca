"""What is fuzzed: a real daemon, an account that must not notice, and one that may be hurt."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from daemon_process import DaemonProcess, environment, until
from whatsapp import sabotage
from whatsapp_server.harness import PlayedWhatsApp

from waremind.errors import ErrorCode, WaremindError
from waremind.objects import Account
from waremind.requests.account import (
    AccountAdd,
    AccountDelete,
    AccountList,
    AccountReconnect,
    AccountSync,
)
from waremind.requests.daemon import FreezeSet, Thaw
from waremind.requests.reminder import ReminderDelete, ReminderList

TESTS = Path(__file__).parents[2]
GOOD, GOOD_PHONE = "good", "628110000001"
VICTIM, VICTIM_PHONE = "victim", "628110000002"
SPARE = "spare"  # unpaired, and deleted as often as anybody likes
FRIEND = "628220000001"
SETTINGS = {
    "WAREMIND_GOVERNOR__ENABLED": "false",
    "WAREMIND_DELIVERY__RETRY_FIRST_SECONDS": "0.2",
    "WAREMIND_DELIVERY__RETRY_MAX_SECONDS": "1",
    "WAREMIND_DEFAULT_TZ": "UTC",
}
SLOWEST_SECONDS = 3.0  # an answer to the good client, on a machine that is busy
FILES_MORE = 8
MEGABYTES_MORE = 96


@dataclass(frozen=True)
class Weight:
    """What the daemon's process holds."""

    files: int
    megabytes: int


class Stage:
    """The daemon with its WhatsApp; `check` says whether every promise still holds."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._read = 0

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.whatsapp = stack.enter_context(PlayedWhatsApp(decrypt="one"))
            self.directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fuzz-")))
            modules = sabotage.build(self.whatsapp.overlay, self.directory / "modules")
            # What a session's child runs in neonize's place is read inside its sandbox, too.
            settings = environment(self.whatsapp) | SETTINGS | {"PYTHONPATH": f"{modules}:{TESTS}"}
            self.daemon = stack.enter_context(DaemonProcess(settings))
            self.good_group = self._prepare(GOOD, GOOD_PHONE)
            self.victim_group = self._prepare(VICTIM, VICTIM_PHONE)
            self.good = self.daemon.show(GOOD)
            self._before = self.weight()
            self._client = stack.enter_context(GoodClient(self.daemon, self.good_group))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.__exit__(None, None, None)

    def _prepare(self, label: str, phone: str) -> str:
        group = self.whatsapp.group(f"{label} group", [phone, FRIEND])
        self.daemon.add(label)
        self.daemon.pair(label, self.whatsapp, phone)
        self.daemon.call(AccountSync(account=label))
        return group

    # The account that may be hurt.

    @property
    def victim(self) -> Account:
        return self.daemon.show(VICTIM)

    @property
    def victim_directory(self) -> Path:
        """Where the victim's child works."""
        account = self.victim.id
        (name,) = self.daemon.directories(account)
        return self.daemon.state / "sessions" / account / name

    def recover(self) -> None:
        """Bring the victim back as an operator can: by `reconnect`, or by `pair`."""
        with suppress(WaremindError):
            self.daemon.call(AccountReconnect(account=VICTIM))
        lasting = {"connected", "unpaired", "banned"}
        account = until(
            lambda: a if (a := self.victim).status in lasting else None,
            f"the victim to come back (it is {self.victim})",
            60,
        )
        if account.status != "connected":
            self.daemon.pair(VICTIM, self.whatsapp, VICTIM_PHONE, fresh=True)

    def sweep(self) -> None:
        """Remove what the fuzz has made."""
        call = self.daemon.call
        for account in call(AccountList(all=True)).accounts:
            if account.label not in {GOOD, VICTIM}:
                call(AccountDelete(account=account.id, missing_ok=True))
        call(AccountAdd(label=SPARE, exist_ok=True))
        for reminder in call(ReminderList(account=VICTIM)).reminders:
            call(ReminderDelete(reminder=reminder.id, missing_ok=True))
        call(FreezeSet(account=VICTIM))
        call(Thaw(account=VICTIM))

    # What must hold.

    def weight(self) -> Weight:
        """Say how much the daemon's process holds now."""
        process = Path(f"/proc/{self.daemon.process.pid}")
        pages = int((process / "statm").read_text().split()[1])
        return Weight(len(list((process / "fd").iterdir())), pages * 4096 >> 20)

    def check(self) -> None:
        """Look at all that must not be disturbed. Raises AssertionError."""
        self._client.check()
        self._look()

    def _look(self) -> None:
        assert self.daemon.process.poll() is None, f"the daemon ended: {self.daemon.log[-3000:]}"
        log = self.daemon.log
        news, self._read = log[self._read :], len(log)
        for mark in (" a bug", "\nTraceback (most recent"):
            assert mark not in news, news[max(0, news.index(mark) - 500) :][:3000]
        now = self.daemon.show(GOOD)
        stayed = (now.status, now.session) == ("connected", self.good.session)
        assert stayed, f"the good account was disturbed: {now}"

    def finish(self) -> Counter[str]:
        """Compare what the good account has sent with what its phones saw; weigh the daemon."""
        self.sweep()
        told = self._client.finish()
        self._look()
        seen = Counter(m.text for m in self.whatsapp.messages() if m.to == self.good_group)
        once = Counter(told["reminders"])
        until(lambda: self._seen() >= len(once), f"{len(once)} reminders of the good account", 30)
        seen = Counter(m.text for m in self.whatsapp.messages() if m.to == self.good_group)
        assert seen == once, f"not once each: {seen - once} too often, {once - seen} never"
        slowest = max(told["seconds"])
        assert slowest < SLOWEST_SECONDS, f"an answer to the good client took {slowest:.1f} s"
        before = self._before
        until(
            lambda: self.weight().files <= before.files + FILES_MORE,
            f"files to be closed: {before} before, {self.weight()} now",
        )
        after = self.weight()
        assert after.megabytes <= before.megabytes + MEGABYTES_MORE, (before, after)
        return Counter(
            {
                "reminders of the good account, each seen once": len(once),
                "answers to the good client": len(told["seconds"]),
                "ms, the slowest of them": round(1000 * slowest),
                "MB more than before": after.megabytes - before.megabytes,
                "files more than before": after.files - before.files,
            }
        )

    def _seen(self) -> int:
        return sum(message.to == self.good_group for message in self.whatsapp.messages())


class GoodClient:
    """A client in a process of its own that asks, and has reminders sent, until told to stop."""

    def __init__(self, daemon: DaemonProcess, group: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "campaigns.fuzz.good_client", daemon.socket, GOOD, group],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._process.kill()
        self._process.communicate()

    def check(self) -> None:
        assert self._process.poll() is None, "the good client was told an error (see above)"

    def finish(self) -> dict[str, list[object]]:
        """Have it stop; returns the texts it had sent, and how long each answer took."""
        out, _ = self._process.communicate(timeout=60)
        assert self._process.returncode == 0, "the good client was told an error (see above)"
        return json.loads(out)


def refusable(ask: Callable[[], object]) -> str:
    """Ask for something that may well be refused, but not as a bug; returns what became of it.

    Raises WaremindError `internal`.
    """
    try:
        ask()
    except WaremindError as refused:
        if refused.code is ErrorCode.INTERNAL:
            raise
        return refused.code.value
    return "done"
