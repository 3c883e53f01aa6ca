"""A daemon for all tests, one for a test alone, and the WhatsApp of each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from accounts.stage import Stage, stage
from daemon_process import DaemonProcess, environment
from postgres_fixtures import Postgres
from whatsapp_server.fixtures import played_whatsapp
from whatsapp_server.harness import PlayedWhatsApp

from waremind.requests.account import AccountDelete

__all__ = ["played_whatsapp"]


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
