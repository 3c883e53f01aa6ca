"""A daemon for all tests of this directory, one for a test alone, and the WhatsApp of each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Unpack

import pytest
from daemon_process import DaemonProcess, environment
from postgres_fixtures import Postgres
from whatsapp_server.behaviour import Behaviour, Changes
from whatsapp_server.fixtures import played_whatsapp
from whatsapp_server.harness import PlayedWhatsApp

from waremind.objects import Account, Group
from waremind.requests.account import AccountDelete, AccountReconnect
from waremind.requests.group import GroupList

__all__ = ["played_whatsapp"]

_numbers = count(1)


@dataclass
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
    def is_listed(self) -> bool:
        """Whether the phone lists a device of ours."""
        return any(each.startswith(f"{self.phone}:") for each in self.whatsapp.state().linked)

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


@pytest.fixture(scope="session")
def shared_whatsapp() -> Iterator[PlayedWhatsApp]:
    with PlayedWhatsApp() as whatsapp:
        yield whatsapp


@pytest.fixture(scope="session")
def shared_daemon(
    postgres: Postgres, migrated_template: str, shared_whatsapp: PlayedWhatsApp
) -> Iterator[DaemonProcess]:
    with (
        postgres.database(migrated_template) as dsn,
        DaemonProcess(environment(shared_whatsapp, dsn)) as daemon,
    ):
        yield daemon


@pytest.fixture
def shared(shared_daemon: DaemonProcess, shared_whatsapp: PlayedWhatsApp) -> Iterator[Stage]:
    """Yield an account on the shared daemon, which is deleted in the end."""
    made = stage(shared_daemon, shared_whatsapp)
    yield made
    shared_daemon.call(AccountDelete(account=made.label, missing_ok=True))


@pytest.fixture
def daemon(dsn: str, played_whatsapp: PlayedWhatsApp) -> Iterator[DaemonProcess]:
    """Yield a daemon and a WhatsApp of this test's own: it may kill the one, ruin the other."""
    with DaemonProcess(environment(played_whatsapp, dsn)) as daemon:
        yield daemon


@pytest.fixture
def embedded(played_whatsapp: PlayedWhatsApp) -> Iterator[DaemonProcess]:
    """Yield a daemon of this test's own with the PostgreSQL that it runs by default."""
    with DaemonProcess(environment(played_whatsapp)) as daemon:
        yield daemon


@pytest.fixture
def alone(daemon: DaemonProcess, played_whatsapp: PlayedWhatsApp) -> Stage:
    """Return an account on the daemon of this test's own."""
    return stage(daemon, played_whatsapp)
