"""What the gateway's processes cost, what they are told, and that none is left."""

from __future__ import annotations

import asyncio
import json
import os
import re
import select
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from whatsapp.conftest import started
from whatsapp.stages import RealStage
from whatsapp_server.harness import PlayedWhatsApp

from waremind.domain.lifecycle import Cause
from waremind.whatsapp.gateway import Pairing
from waremind.whatsapp.process_gateway import ProcessGateway

pytestmark = pytest.mark.anyio

TESTS = Path(__file__).parent.parent


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def private_kilobytes(pid: int) -> int:
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(map(int, re.findall(r"^Private_(?:Clean|Dirty): +(\d+) kB", rollup, re.MULTILINE)))


def descriptors_of(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


async def test_fifty_pairings_leave_no_process_descriptor_or_thread(real: RealStage) -> None:
    server = real.gateway._fork_client._server
    assert server is not None

    def used() -> tuple[int, ...]:
        pid, threads = server.process.pid, [each.name for each in threading.enumerate()]
        return (
            len(children_of(pid)),
            descriptors_of(pid),
            descriptors_of(os.getpid()),
            len([name for name in threads if "asyncio" not in name]),
        )

    async def become(most: tuple[int, ...]) -> None:
        """Wait until no more is used: what a session had goes a moment after its end."""
        async with asyncio.timeout(10):
            while any(now > then for now, then in zip(used(), most, strict=True)):
                await asyncio.to_thread(os.sched_yield)

    await become((0, *used()[1:]))  # of the tests before this one
    before = used()
    for _ in range(50):
        ear = await real.open(Pairing())
        await ear.code()
        await real.session.end()
    await become(before)


async def test_a_child_leaves_no_process_of_its_own(real: RealStage) -> None:
    await (await real.open(Pairing())).code()  # the engine is loaded
    assert children_of(real.child.process.pid) == []


async def test_the_fork_server_shares_the_engines_python_and_has_nothing_that_forbids_a_fork(
    real: RealStage,
) -> None:
    await (await real.open(Pairing())).code()
    server = real.gateway._fork_client._server
    assert server is not None
    libraries, tasks = (Path(f"/proc/{server.process.pid}/{name}") for name in ("maps", "task"))
    assert "neonize-linux" not in libraries.read_text()
    assert len(list(tasks.iterdir())) == 1
    assert "neonize-linux" in Path(f"/proc/{real.child.process.pid}/maps").read_text()


async def test_a_gateway_knows_its_sessions_processes(real: RealStage) -> None:
    await (await real.open(Pairing())).code()
    pid = real.child.process.pid
    assert real.gateway.owns(pid)
    assert not real.gateway.owns(os.getpid())
    await real.session.end()
    assert not real.gateway.owns(pid)


async def test_an_idle_account_takes_at_most_15_mb_of_its_own(real: RealStage) -> None:
    stages = [real, real.neighbour()]
    for stage in stages:
        await stage.link()
        await (await stage.open()).turn(Cause.CONNECTED)
    taken = [private_kilobytes(stage.child.process.pid) for stage in stages]
    await stages[1].session.end()
    assert max(taken) <= 15 * 1024


async def test_a_session_goes_first_when_the_machine_s_memory_is_short(real: RealStage) -> None:
    await real.link()
    score, ours = (
        int(Path(f"/proc/{pid}/oom_score_adj").read_text())
        for pid in (real.child.process.pid, "self")
    )
    assert score >= ours + 500


async def test_many_sessions_end_together_within_8_seconds(
    alone: RealStage,
) -> None:
    stages = [alone.neighbour() for _ in range(20)]
    ears = await asyncio.gather(*(stage.open(Pairing()) for stage in stages))
    for ear in ears:
        await ear.code(seconds=60)
    server = alone.gateway._fork_client._server
    assert server is not None
    before = time.monotonic()
    await alone.gateway.close()
    assert time.monotonic() - before < 8
    assert all(ear.causes == [Cause.ENDED] for ear in ears)
    assert server.process.gone.done()


async def test_an_end_does_not_wait_for_a_black_hole(real: RealStage) -> None:
    await real.link()
    await real.session.end()
    real.whatsapp.behave(answer_handshake=False)
    await real.open()
    started = time.monotonic()
    assert not await real.session.end(log_out=True)
    assert time.monotonic() - started < 5


async def test_an_end_does_not_wait_for_a_log_out_that_nobody_answers(real: RealStage) -> None:
    await real.link()
    real.whatsapp.behave(real.phone, answer_logout=False)
    started = time.monotonic()
    assert not await real.session.end(log_out=True)
    assert time.monotonic() - started < 5


async def test_children_are_not_told_the_daemons_secrets(
    modules: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAREMIND_DATABASE__URL", "postgresql://u:hunter2@db/waremind")
    monkeypatch.setenv("NOTIFY_SOCKET", "/run/hunter2")
    async with started(modules, tmp_path) as gateway:
        server = gateway._fork_client._server
        assert server is not None
        assert b"hunter2" not in Path(f"/proc/{server.process.pid}/environ").read_bytes()


async def test_what_sessions_start_from_is_there_before_the_first_and_again_after_its_end() -> None:
    gateway = ProcessGateway()
    await gateway.prepare()
    server = gateway._fork_client._server
    assert server is not None
    assert server.ready.is_set()
    # Ready is who has imported what all sessions need.
    assert "/google/_upb/" in Path(f"/proc/{server.process.pid}/maps").read_text()
    os.kill(server.process.pid, signal.SIGKILL)
    await server.process.gone
    await gateway.prepare()
    assert gateway._fork_client._server is not server
    await gateway.close()


@pytest.mark.parametrize("hung", [False, True])
def test_a_killed_daemon_leaves_nothing(
    shared_whatsapp: PlayedWhatsApp, tmp_path: Path, *, hung: bool
) -> None:
    environment = {**os.environ, "PYTHONPATH": f"{shared_whatsapp.overlay}{os.pathsep}{TESTS}"}
    with subprocess.Popen(
        [sys.executable, "-m", "whatsapp.daemon", str(tmp_path)],
        env=environment,
        stdout=subprocess.PIPE,
    ) as daemon:
        assert daemon.stdout is not None
        pids = json.loads(daemon.stdout.readline())
        pidfds = [os.pidfd_open(pid) for pid in pids]
        if hung:
            os.kill(pids[-1], signal.SIGSTOP)
        daemon.kill()
    for pidfd in pidfds:
        assert select.select([pidfd], [], [], 5)[0]
        os.close(pidfd)
