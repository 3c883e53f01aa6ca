"""The real daemon, and what it says to who started it."""

import signal
import socket
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from daemon_process import until
from systemd.daemon_process import DaemonProcess, Ear

from waremind.client import Client
from waremind.requests.daemon import Status
from waremind.store.lock import LOCK

CALLERS = 4
RESTARTS = 5
CALLS_BETWEEN = 40


@pytest.fixture
def ear(tmp_path: Path) -> Iterator[Ear]:
    with Ear(tmp_path / "notify") as ear:
        yield ear


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[socket.socket]:
    """Listen as systemd does for a daemon that may not be there."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "waremind.sock"))
        (tmp_path / "waremind.sock").chmod(0o604)
        listener.listen(256)
        yield listener


def test_a_daemon_says_when_it_is_ready_how_it_is_and_when_it_stops(
    tmp_path: Path, ear: Ear
) -> None:
    with DaemonProcess(tmp_path, NOTIFY_SOCKET=ear.path, WATCHDOG_USEC=3_000_000) as daemon:
        assert ear.hear() == {"STATUS": "starting PostgreSQL"}
        assert "EXTEND_TIMEOUT_USEC" in ear.hear()
        ear.until("READY")
        status = ear.until("STATUS")
        assert status == {"STATUS": "accounts: none; messages: 0 due, 0 held"}
        assert ear.until("WATCHDOG") == {"WATCHDOG": "1"}
        daemon.signal(signal.SIGTERM)
        assert ear.until("STOPPING")["STATUS"] == "stopping"
        assert daemon.wait() == 0


def test_what_a_daemon_cannot_start_for_is_its_last_status(tmp_path: Path, ear: Ear) -> None:
    too_long = tmp_path / ("x" * 120)
    daemon = DaemonProcess(tmp_path, NOTIFY_SOCKET=ear.path, WAREMIND_SOCKET=too_long)
    while not (status := ear.until("STATUS")["STATUS"]).startswith("cannot"):
        pass
    assert "the path is longer than 107 bytes" in status
    assert daemon.wait() == 78  # which systemd does not restart


def test_no_variable_of_libpq_s_keeps_the_embedded_postgresql_from_being_used(
    tmp_path: Path, ear: Ear
) -> None:
    variables = {
        "NOTIFY_SOCKET": ear.path,
        "PGHOSTADDR": "192.0.2.1",
        "PGSERVICE": "nowhere",
        "PGSSLMODE": "verify_full",
        "PGREQUIREAUTH": "scram-sha-256",
        "PGTZ": "Nowhere/At_all",
        "PGOPTIONS": "-c default_transaction_read_only=on",
    }
    with DaemonProcess(tmp_path, **variables) as daemon:
        ear.until("READY")
        with Client(daemon.socket) as client:
            assert client.call(Status()).ok


def test_another_daemon_is_waited_for_and_named_and_followed_at_once(
    tmp_path: Path, ear: Ear, dsn: str
) -> None:
    variables = {"NOTIFY_SOCKET": ear.path, "WAREMIND_DATABASE__URL": dsn}
    other = psycopg.connect(dsn, application_name="waremind@elsewhere:7", autocommit=True)
    other.execute("SELECT pg_advisory_lock(%s)", [LOCK])
    with DaemonProcess(tmp_path, **variables) as daemon:
        while "another daemon does (waremind@elsewhere:7)" not in ear.until("STATUS")["STATUS"]:
            pass
        ear.until("STATUS")  # it still waits
        other.close()
        ear.until("READY")
        assert daemon.log.read_text().count("waremind@elsewhere:7") == 1


def test_a_reload_takes_the_new_configuration(tmp_path: Path, ear: Ear) -> None:
    config = tmp_path / "home/waremind/config.toml"
    config.parent.mkdir(parents=True)
    config.write_text("log_level = 'info'\n")
    variables = {"NOTIFY_SOCKET": ear.path, "XDG_CONFIG_HOME": tmp_path / "home"}
    with DaemonProcess(tmp_path, **variables) as daemon:
        ear.until("READY")
        config.write_text("log_level = 'warning'\n[database]\npool_size = 9\n")
        daemon.signal(signal.SIGHUP)
        assert int(ear.until("RELOADING")["MONOTONIC_USEC"]) > 0
        ear.until("READY")
        told = "warning waremind.daemon.system.settings needs a restart setting=database.pool_size"
        until(lambda: told in daemon.log.read_text(), "the log to say what was not taken over")


def test_a_passed_socket_is_listened_on_and_left_as_it_is(
    tmp_path: Path, listener: socket.socket
) -> None:
    before = (tmp_path / "waremind.sock").stat()
    with DaemonProcess(tmp_path, listener) as daemon, Client(daemon.socket) as client:
        assert client.call(Status()).daemon.pid == daemon.pid
    after = (tmp_path / "waremind.sock").stat()
    assert (after.st_ino, stat.S_IMODE(after.st_mode)) == (before.st_ino, 0o604)


class Crowd:
    """Clients that call all the time, each call on a connection of its own."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._ended = False
        self._progress = threading.Condition()
        self._threads = [threading.Thread(target=self._call) for _ in range(CALLERS)]
        self.answered = 0
        self.lost: list[Exception] = []

    def begin(self) -> None:
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        self._ended = True
        for thread in self._threads:
            thread.join()

    def wait(self, calls: int) -> None:
        """Wait until so many calls more are answered, or one is lost."""
        with self._progress:
            goal = self.answered + calls
            assert self._progress.wait_for(lambda: self.lost or self.answered >= goal, 60)

    def _call(self) -> None:
        while not self._ended:
            try:
                with Client(self._path) as client:
                    client.call(Status())
            except Exception as error:  # noqa: BLE001 - whatever it is, a call was lost
                self.lost.append(error)
            with self._progress:
                self.answered += 1
                self._progress.notify_all()


def test_no_call_is_lost_while_daemons_come_and_go(tmp_path: Path, listener: socket.socket) -> None:
    crowd = Crowd(tmp_path / "waremind.sock")
    crowd.begin()
    for _ in range(RESTARTS):
        with DaemonProcess(tmp_path, listener):
            crowd.wait(CALLS_BETWEEN)
    with DaemonProcess(tmp_path, listener):
        crowd.end()
    assert crowd.lost == []
