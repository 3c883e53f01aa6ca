"""A daemon that sends as fast as WhatsApp lets it, for all tests here, and one for a test alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from daemon_process import DaemonProcess, environment
from delivery.stage import UNGOVERNED, Stage, stage
from postgres_fixtures import Postgres
from whatsapp_server.fixtures import played_whatsapp
from whatsapp_server.harness import PlayedWhatsApp

from waremind.requests.account import AccountDelete

__all__ = ["played_whatsapp"]

Staging = Callable[[int], Stage]


@pytest.fixture(scope="session")
def shared_whatsapp() -> Iterator[PlayedWhatsApp]:
    with PlayedWhatsApp() as whatsapp:
        yield whatsapp


@pytest.fixture(scope="session")
def shared_dsn(postgres: Postgres, migrated_template: str) -> Iterator[str]:
    with postgres.database(migrated_template) as dsn:
        yield dsn


@pytest.fixture(scope="session")
def shared_daemon(shared_whatsapp: PlayedWhatsApp, shared_dsn: str) -> Iterator[DaemonProcess]:
    with DaemonProcess(environment(shared_whatsapp, shared_dsn) | UNGOVERNED) as daemon:
        yield daemon


@pytest.fixture
def staging(
    shared_daemon: DaemonProcess, shared_whatsapp: PlayedWhatsApp, shared_dsn: str
) -> Iterator[Staging]:
    """Pair accounts in so many groups, on the shared daemon; they are deleted in the end."""
    made: list[Stage] = []

    def make(groups: int) -> Stage:
        made.append(stage(shared_daemon, shared_whatsapp, shared_dsn, groups))
        return made[-1]

    yield make
    for each in made:
        shared_daemon.call(AccountDelete(account=each.label, missing_ok=True))


@pytest.fixture
def daemon(dsn: str, played_whatsapp: PlayedWhatsApp) -> Iterator[DaemonProcess]:
    """Yield a daemon of this test's own, which may freeze, kill or misconfigure it."""
    with DaemonProcess(environment(played_whatsapp, dsn) | UNGOVERNED) as daemon:
        yield daemon


@pytest.fixture
def alone(daemon: DaemonProcess, played_whatsapp: PlayedWhatsApp, dsn: str) -> Staging:
    """Pair accounts in so many groups, on the daemon of this test's own."""
    return lambda groups: stage(daemon, played_whatsapp, dsn, groups)
