"""The governor really paces a batch, and its spacing makes nothing late."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from daemon_process import DaemonProcess, environment
from delivery.stage import UNGOVERNED, Stage, moment, stage
from postgres_fixtures import Postgres
from whatsapp_server.harness import PlayedWhatsApp

GROUPS = 6
BURST = 2
SPACING_SECONDS = 0.1
FRESH_SECONDS = 0.8  # a message, in the long run, of an account that was linked lately
NORMAL_SECONDS = 0.2

GOVERNED = {
    "WAREMIND_GOVERNOR__ENABLED": "true",
    "WAREMIND_GOVERNOR__BURST": str(BURST),
    "WAREMIND_GOVERNOR__SPACING_MIN_SECONDS": str(SPACING_SECONDS),
    "WAREMIND_GOVERNOR__SPACING_MAX_SECONDS": str(2 * SPACING_SECONDS),
    "WAREMIND_GOVERNOR__MESSAGES_PER_MINUTE": str(60 / NORMAL_SECONDS),
    "WAREMIND_GOVERNOR__FRESH_MESSAGES_PER_MINUTE": str(60 / FRESH_SECONDS),
}


@pytest.fixture(scope="module")
def fresh(postgres: Postgres, migrated_template: str) -> Iterator[Stage]:
    """Give an account that was linked just now, on a daemon with a governor."""
    with (
        PlayedWhatsApp() as whatsapp,
        postgres.database(migrated_template) as dsn,
        DaemonProcess(environment(whatsapp, dsn) | UNGOVERNED | GOVERNED) as daemon,
    ):
        yield stage(daemon, whatsapp, dsn, GROUPS)


@pytest.fixture(scope="module")
def settled(fresh: Stage) -> Stage:
    """Give another one, linked long ago."""
    made = stage(fresh.daemon, fresh.whatsapp, fresh.dsn, GROUPS)
    made.daemon.stop()
    made.sql(
        "UPDATE accounts SET linked_at = linked_at - interval '1 year' WHERE label = %s", made.label
    )
    made.daemon.start()
    fresh.wait("connected")
    made.wait("connected")
    return made


def times(stage: Stage) -> list[datetime]:
    """Send a batch, and tell when each message left: on their way some are faster than others."""
    before = len(stage.messages())
    stage.remind()
    stage.arrived(before + GROUPS)
    rows = stage.sql(
        "SELECT d.started_at FROM deliveries d JOIN accounts a ON a.id = d.account_id"
        " WHERE a.label = %s ORDER BY d.started_at DESC LIMIT %s",
        stage.label,
        GROUPS,
    )
    return sorted(at for (at,) in rows)


def least(seconds: float) -> timedelta:
    """Say how long a batch takes at least, at so many seconds a message after the burst."""
    return timedelta(seconds=seconds * (GROUPS - BURST))


def test_a_batch_is_spaced_and_after_its_burst_as_slow_as_the_limit(settled: Stage) -> None:
    at = times(settled)
    spaced = timedelta(seconds=SPACING_SECONDS)
    assert all(later - one >= spaced for one, later in pairwise(at))
    assert at[-1] - at[0] >= least(NORMAL_SECONDS)


def test_a_fresh_link_is_slower(fresh: Stage) -> None:
    at = times(fresh)
    assert at[-1] - at[0] >= least(FRESH_SECONDS)


def test_what_is_claimed_in_time_is_not_late_for_having_been_spaced(fresh: Stage) -> None:
    before = fresh.statuses()
    fresh.remind(at=moment(seconds=1), grace_seconds=1)
    fresh.has("sent", before["sent"] + GROUPS)
    assert fresh.statuses() - before == {"sent": GROUPS}
