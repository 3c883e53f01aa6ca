"""What an earlier release wrote, an interrupted upgrade, and a database from the future."""

import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from systemd.daemon_process import DaemonProcess, Ear
from upgrade.write_fixture import FIXTURES, command, programs

import waremind
from waremind.cli.daemon import CONFIGURATION_ERROR
from waremind.store import migrations
from waremind.store.database import connect

RELEASES = sorted(path.stem for path in FIXTURES.glob("*.sql"))


@pytest.fixture
def ear(tmp_path: Path) -> Iterator[Ear]:
    with Ear(tmp_path / "notify") as ear:
        yield ear


def restore(release: str, dsn: str) -> None:
    """Fill an empty database with what a daemon of that release kept."""
    psql = [programs() / "psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"]
    file = FIXTURES / f"{release}.sql"
    subprocess.run([*psql, "--file", file, dsn], check=True, stdout=subprocess.DEVNULL)


def waiting(dsn: str) -> list[tuple[object, ...]]:
    """List what each reminder waits for."""
    query = "SELECT name, state, next_at, next_nominal, next_ordinal FROM reminders ORDER BY name"
    with psycopg.connect(dsn) as connection:
        return connection.execute(query).fetchall()


def daemon_of(directory: Path, ear: Ear, dsn: str) -> DaemonProcess:
    return DaemonProcess(directory, NOTIFY_SOCKET=ear.path, WAREMIND_DATABASE__URL=dsn)


def test_this_release_has_its_fixture() -> None:
    assert waremind.__version__ in RELEASES


@pytest.mark.parametrize("release", RELEASES)
def test_what_a_release_wrote_is_there_after_the_upgrade(
    release: str, tmp_path: Path, ear: Ear, empty_dsn: str
) -> None:
    restore(release, empty_dsn)
    waited_for = waiting(empty_dsn)
    with daemon_of(tmp_path, ear, empty_dsn) as daemon:
        ear.until("READY")
        after = waiting(empty_dsn)
        told = {
            name: command(daemon.socket, "reminder", "next", name, "-n", "3")["occurrences"]
            for name in ("weekly", "kept", "late")
        }
        accounts = command(daemon.socket, "account", "list")["accounts"]
        reminders = command(daemon.socket, "reminder", "list")["reminders"]
        runs = command(daemon.socket, "run", "list")["runs"]
        audit = command(daemon.socket, "audit", "list")["audit"]
    # What fires, and when, is what that release said.
    assert after == waited_for
    sundays = [f"2032-01-{day:02}T09:00:00+01:00" for day in (4, 11, 18)]
    listed = {name: [one["at"] for one in found] for name, found in told.items()}
    assert listed == {"weekly": sundays, "kept": sundays, "late": []}
    assert {each["label"] for each in accounts} == {"ops team", "sales"}
    assert {each["name"]: each["text"] for each in reminders} == {
        "weekly": "Sunday!",
        "late": "Now",
        "kept": "Später\n✓",
    }
    assert {each["name"]: each["state"] for each in reminders}["kept"] == "paused"
    assert [(each["status"], each["reason"]) for each in runs] == [("held", "unpaired")]
    assert {"account.add", "reminder.add", "reminder.pause"} <= {each["action"] for each in audit}


async def test_an_account_linked_before_it_was_noted_had_its_phone_seen_when_it_was_linked(
    empty_dsn: str,
) -> None:
    restore("0.1.0", empty_dsn)
    async with await connect(empty_dsn) as connection:
        await connection.execute(
            "UPDATE accounts SET state = 'stopped', session = 1, device = 1,"
            " linked_at = '2026-11-02 08:00Z' WHERE label = 'sales'"
        )
        await migrations.migrate(connection, migrations.read())
        seen = await connection.execute(
            "SELECT label FROM accounts WHERE phone_seen_at = '2026-11-02 08:00Z'"
        )
        assert await seen.fetchall() == [("sales",)]


def test_an_interrupted_migration_is_finished_at_the_next_start(
    tmp_path: Path, ear: Ear, empty_dsn: str
) -> None:
    first = migrations.read()[0]
    with psycopg.connect(empty_dsn) as blocker:
        blocker.execute(first.sql)
        blocker.execute(migrations.TABLE)
        blocker.execute(
            "INSERT INTO schema_migrations VALUES (%s, %s, %s, '0.1.0')",
            [first.number, first.name, first.sha256],
        )
        blocker.commit()
        # Who refers to accounts has to wait.
        blocker.execute("LOCK TABLE accounts IN ACCESS EXCLUSIVE MODE")
        daemon = daemon_of(tmp_path, ear, empty_dsn)
        while ear.until("STATUS")["STATUS"] != "bringing the database up to date":
            pass
        until_somebody_waits(empty_dsn)
        daemon.signal(signal.SIGKILL)
        daemon.wait()
    with daemon_of(tmp_path, ear, empty_dsn):
        ear.until("READY")
        with psycopg.connect(empty_dsn) as connection:
            applied = connection.execute("SELECT number FROM schema_migrations ORDER BY 1")
            assert [number for (number,) in applied] == [m.number for m in migrations.read()]


def until_somebody_waits(dsn: str) -> None:
    """Wait until a statement waits for a lock."""
    waiting = """
        SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'
    """
    with psycopg.connect(dsn, autocommit=True) as connection:
        while connection.execute(waiting).fetchone() == (0,):
            pass


def test_a_database_of_a_newer_waremind_is_refused_in_words(
    tmp_path: Path, ear: Ear, dsn: str
) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("INSERT INTO schema_migrations VALUES (9999, '9999_future', '', '9.9')")
    daemon = daemon_of(tmp_path, ear, dsn)
    assert daemon.wait() == CONFIGURATION_ERROR
    log = daemon.log.read_text()
    assert re.search(r"error: cannot use the database: waremind 9\.9 has brought it", log)
    assert "hint: install waremind 9.9 or newer, or restore the backup from before" in log
