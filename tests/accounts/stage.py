"""An account of a test's own, on some daemon, with its phone on some WhatsApp."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Unpack

from daemon_process import DaemonProcess
from whatsapp_server.behaviour import Behaviour, Changes
from whatsapp_server.harness import PlayedWhatsApp

from waremind.objects import Account, Group
from waremind.requests.account import AccountReconnect
from waremind.requests.group import GroupList

_numbers = count(1)


@dataclass(eq=False)
class Stage:
    """An account of a test's own: its label, its phone, the daemon and WhatsApp."""

    daemon: DaemonProcess
    whatsapp: PlayedWhatsApp
    label: str
    phone: str

    def pair(self, **terms: object) -> Account:
        """Pair the account, to the end."""
        return self.daemon.pair(self.label, self.whatsapp, self.phone, **terms)

    def wait(self, status: str, reason: str | None = None) -> Account:
        """Wait until the account has a status, for a reason."""
        return self.daemon.wait(self.label, status, reason)

    def reconnect(self) -> None:
        """Open the next session."""
        self.daemon.call(AccountReconnect(account=self.label))

    @property
    def listed(self) -> list[str]:
        """The devices of ours that the phone lists."""
        return [each for each in self.whatsapp.state().linked if each.startswith(f"{self.phone}:")]

    def groups(self) -> list[Group]:
        """List the account's groups, as stored."""
        return self.daemon.call(GroupList(account=self.label)).groups

    @contextmanager
    def behaving(self, **changes: Unpack[Changes]) -> Iterator[None]:
        """Let all of WhatsApp behave differently for a while."""
        before = {name: getattr(Behaviour(), name) for name in changes}
        self.whatsapp.behave(**changes)
        try:
            yield
        finally:
            self.whatsapp.behave(**before)

    @property
    def files(self) -> list[str]:
        """The directories of the account's keys."""
        return self.daemon.directories(self.account.id)

    @property
    def account(self) -> Account:
        return self.daemon.show(self.label)

    def another(self) -> Stage:
        """Add one more account, with a phone of its own."""
        return stage(self.daemon, self.whatsapp)


def stage(daemon: DaemonProcess, whatsapp: PlayedWhatsApp) -> Stage:
    number = next(_numbers)
    made = Stage(daemon, whatsapp, f"account {number}", f"628{number:08}")
    daemon.add(made.label)
    return made
