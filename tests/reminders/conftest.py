"""A daemon with an account that is not paired and its groups, where nothing has to be sent."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from postgres_fixtures import Postgres
from reminders.running import Running, running


@pytest.fixture(scope="module")
def shared(postgres: Postgres, migrated_template: str) -> Iterator[Running]:
    """Give a daemon to a module whose tests do not meet: each writes names of its own."""
    with postgres.database(migrated_template) as dsn, running(dsn) as daemon:
        furnish(daemon)
        yield daemon


@pytest.fixture
def daemon(dsn: str) -> Iterator[Running]:
    """Give a daemon to one test."""
    with running(dsn) as daemon:
        furnish(daemon)
        yield daemon


def furnish(daemon: Running) -> None:
    """Add the account `ops` with the groups Team and Friends."""
    daemon.account("ops")
    daemon.group("ops", "Team")
    daemon.group("ops", "Friends")
