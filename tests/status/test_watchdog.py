"""The watchdog is fed while the event loop lives, whatever a PostgreSQL of yours does."""

import asyncio
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from delivery.clockwork import engine, failing_once
from postgres_fixtures import FAST
from status.conftest import Patient
from systemd.daemon_process import Ear

from waremind.daemon.status import watchdog
from waremind.daemon.status.report import status_report
from waremind.daemon.system.systemd import Systemd
from waremind.store.embedded import EmbeddedPostgres

WATCHDOG_SECONDS = 2.0


@pytest.fixture
def yours() -> Iterator[tuple[asyncio.Runner, EmbeddedPostgres]]:
    """Run a PostgreSQL that is not the daemon's."""
    directory = Path(tempfile.mkdtemp(prefix="waremind-"))
    directory.chmod(0o711)
    server = EmbeddedPostgres(directory / "postgres", settings=FAST)
    with asyncio.Runner() as runner:
        runner.run(server.start())
        yield runner, server
        runner.run(server.stop())
    shutil.rmtree(directory)


def fed(ear: Ear, seconds: float) -> str:
    """Hear, for so long, that systemd's watchdog never waits too long; returns the last STATUS."""
    end, last, status = time.monotonic() + seconds, time.monotonic(), ""
    while last < end:
        heard = ear.hear()
        status = heard.get("STATUS", status)
        if "WATCHDOG" in heard:
            assert time.monotonic() - last < WATCHDOG_SECONDS
            last = time.monotonic()
    return status


@pytest.mark.parametrize("fault", ["stopped", "hung"])
def test_a_postgresql_of_yours_that_is_away_is_told_and_ends_nothing(
    patient: Patient, yours: tuple[asyncio.Runner, EmbeddedPostgres], fault: str
) -> None:
    runner, server = yours
    with (
        Ear(patient.directory / "notify") as ear,
        patient.daemon(
            NOTIFY_SOCKET=ear.path,
            WATCHDOG_USEC=int(WATCHDOG_SECONDS * 1_000_000),
            WAREMIND_DATABASE__URL=server.dsn,
        ),
    ):
        ear.until("READY")
        if fault == "stopped":
            runner.run(server.stop())
        else:
            assert server.pid
            os.kill(server.pid, signal.SIGSTOP)
            for backend in children(server.pid):
                os.kill(backend, signal.SIGSTOP)
        status = fed(ear, 3 * WATCHDOG_SECONDS + 3)
        assert "messages: unknown; cannot" in status
        assert status.endswith("needs a person: waremind doctor")
        if fault == "hung":
            for backend in [server.pid, *children(server.pid)]:
                os.kill(backend, signal.SIGCONT)
        else:
            runner.run(server.start())
        while "messages: 0 due" not in fed(ear, 0.1):
            pass


def children(pid: int | None) -> list[int]:
    """List the children of a process."""
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.anyio
async def test_a_bug_in_the_status_is_noted_and_ends_nothing(
    dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchdog, "status_report", failing_once(status_report))
    with Ear(tmp_path / "notify") as ear:
        systemd = Systemd({"NOTIFY_SOCKET": str(ear.path), "WATCHDOG_USEC": "300000"})
        async with engine(dsn, tmp_path) as playing:
            beating = asyncio.create_task(watchdog.beat(playing.daemon, systemd))
            said = await asyncio.to_thread(ear.until, "STATUS")
            beating.cancel()
            await asyncio.wait([beating])
    assert said["STATUS"].startswith("accounts: ")
