"""The embedded PostgreSQL when things go wrong: kills, hangs, stale files, stops in mid-start."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from postgres_processes import Servers, gone, kill, own

from waremind.errors import WaremindError
from waremind.store.embedded import EmbeddedPostgres
from waremind.store.embedded.child import LAUNCH, Child
from waremind.store.embedded.identity import candidates
from waremind.store.embedded.programs import Programs, find
from waremind.store.embedded.server import is_ready
from waremind.store.embedded.stale_processes import working_in


@pytest.fixture
def data(servers: Servers) -> Path:
    """Name the cluster's directory."""
    return servers.directory / "data"


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    """Run a process that has nothing to do with us."""
    with subprocess.Popen(["sleep", "600"]) as process:
        yield process
        process.kill()


async def test_a_killed_owner_leaves_no_postgres_and_the_next_one_starts(
    servers: Servers, data: Path
) -> None:
    with own(servers.directory) as owner:
        pid = int(owner.stdout.readline())
        owner.kill()
        async with asyncio.timeout(10):
            await gone(pid)
        assert list(working_in(data)) == []
    await servers.make().start()


async def test_what_a_server_shares_with_its_backends_lies_where_nothing_outlives_it(
    servers: Servers,
) -> None:
    server = servers.make()
    await server.start()
    maps = Path(f"/proc/{server.pid}/maps").read_text(encoding="utf-8")
    assert "pg_dynshmem" in maps
    assert "/dev/shm/PostgreSQL" not in maps  # noqa: S108 - it would outlive a SIGKILL


async def test_a_server_whose_owner_was_killed_just_now_is_waited_for(servers: Servers) -> None:
    for _ in range(5):
        with own(servers.directory) as owner:
            owner.stdout.readline()
            owner.kill()
            owner.wait()
            server = servers.make()
            await server.start()
            await server.stop()


async def test_a_second_process_is_refused_with_the_pid_of_the_first(servers: Servers) -> None:
    with own(servers.directory) as owner:
        owner.stdout.readline()
        with pytest.raises(WaremindError, match=f"process {owner.pid} "):
            await servers.make().start()
        owner.kill()


async def test_a_program_whose_parent_is_already_dead_does_not_start() -> None:
    launch = [sys.executable, "-I", "-S", LAUNCH, "1", "self", "/", "/bin/echo", "started"]
    finished = subprocess.run(launch, stdout=subprocess.PIPE, check=False)
    assert (finished.returncode, finished.stdout) == (1, b"")


async def test_a_stale_pid_that_is_a_stranger_s_by_now_harms_nobody(
    server: EmbeddedPostgres, data: Path, stranger: subprocess.Popen[bytes]
) -> None:
    kill(server.pid)
    await server.wait()
    for file in (data / "postmaster.pid", data.parent / "socket/.s.PGSQL.5432.lock"):
        _, rest = file.read_text().split("\n", 1)
        file.write_text(f"{stranger.pid}\n{rest}")
    await server.start()
    assert stranger.poll() is None


@pytest.mark.parametrize("content", ["", "nonsense", "-1\n", "12"])
async def test_a_torn_pid_file_does_not_keep_the_server_down(
    servers: Servers, data: Path, content: str
) -> None:
    (data / "postmaster.pid").write_text(content)
    await servers.make().start()


async def test_a_shell_that_stands_in_the_cluster_is_not_taken_for_postgresql(
    server: EmbeddedPostgres, data: Path
) -> None:
    with subprocess.Popen(["sleep", "600"], cwd=data) as shell:
        kill(server.pid)
        await server.wait()
        await server.start()
        assert shell.poll() is None
        shell.kill()


async def test_a_server_that_has_no_owner_is_ended_before_the_next_one_starts(
    servers: Servers, data: Path
) -> None:
    server = servers.make()
    await server.start()
    await server.stop()
    (identity,) = candidates(data)
    programs = Programs(find(None), identity, 18, data.parent / "socket", {})
    orphan = Child.launch(
        programs.serve(data),
        identity,
        data.parent,
        log=servers.log.append,
    )
    while not is_ready(data / "postmaster.pid", orphan.pid):
        assert not await orphan.exited(0.01)
    await server.start()
    assert await orphan.closed() >= 0  # asked to end, on a busy machine twice, but not killed


async def test_a_backend_that_outlives_a_killed_server_is_ended_too(
    server: EmbeddedPostgres, data: Path
) -> None:
    async with await psycopg.AsyncConnection.connect(server.dsn) as connection:
        backend = connection.info.backend_pid
        kill(backend, signal.SIGSTOP)
        kill(server.pid)
        await server.wait()
        assert backend in working_in(data)
        await server.stop()
        assert list(working_in(data)) == []


async def test_a_server_that_hangs_is_killed_within_the_patience(
    server: EmbeddedPostgres, data: Path
) -> None:
    kill(server.pid, signal.SIGSTOP)
    async with asyncio.timeout(5):
        await server.stop()
    assert list(working_in(data)) == []
    await server.start()


async def test_a_client_that_is_still_there_does_not_delay_the_stop(servers: Servers) -> None:
    server = EmbeddedPostgres(servers.directory, settings=servers.settings, patience_seconds=20)
    servers.made.append(server)
    async with await psycopg.AsyncConnection.connect(await server.start()) as connection:
        asleep = asyncio.create_task(connection.execute("SELECT pg_sleep(600)"))
        async with asyncio.timeout(10):
            await server.stop()
        with pytest.raises(psycopg.OperationalError):
            await asleep
    assert await server.wait() == 0


async def test_a_crash_that_nobody_waited_for_is_cleared_away_by_the_next_start(
    server: EmbeddedPostgres,
) -> None:
    pid = server.pid
    kill(pid)
    await gone(pid)
    await server.start()
    assert server.pid != pid


async def test_who_no_longer_owns_the_directory_cannot_hurt_who_does(servers: Servers) -> None:
    former, owner = servers.make(), servers.make()
    await former.start()
    await former.stop()
    await owner.start()
    with pytest.raises(WaremindError, match="has it open"):
        await former.start()
    await former.stop()
    assert owner.pid
    async with await psycopg.AsyncConnection.connect(owner.dsn) as connection:
        await connection.execute("SELECT 1")


async def test_a_directory_behind_a_link_is_the_same_directory(
    servers: Servers, place: Path
) -> None:
    (place / "link").symlink_to(servers.directory)
    server = EmbeddedPostgres(place / "link", settings=servers.settings, patience_seconds=0.1)
    async with await psycopg.AsyncConnection.connect(await server.start()) as connection:
        kill(connection.info.backend_pid, signal.SIGSTOP)
        kill(server.pid)
        await server.stop()
    assert list(working_in(servers.directory / "data")) == []


async def test_a_stop_while_the_cluster_is_made_leaves_nothing_of_it(fresh: Servers) -> None:
    server = fresh.make()
    starting = asyncio.create_task(server.start())
    while not list(fresh.directory.glob("data.new-*/PG_VERSION")):
        await asyncio.wait({starting}, timeout=0.001)
    await server.stop()
    with pytest.raises(WaremindError, match="stopped meanwhile"):
        await starting
    assert not (fresh.directory / "data").exists()
    await server.start()
    assert list(fresh.directory.glob("data.new-*")) == []


async def test_a_stop_while_the_server_starts_ends_it(servers: Servers, data: Path) -> None:
    stops: list[asyncio.Task[None]] = []

    def stop_at_once(line: str) -> None:
        if "starting PostgreSQL" in line:
            stops.append(asyncio.create_task(server.stop()))

    server = EmbeddedPostgres(servers.directory, settings=servers.settings, log=stop_at_once)
    # The stop may find it starting, or just started.
    await asyncio.gather(server.start(), return_exceptions=True)
    await asyncio.gather(*stops)
    assert len(stops) == 1
    assert server.pid is None
    assert list(working_in(data)) == []
    await servers.make().start()


async def test_a_start_that_is_cancelled_leaves_no_process_and_no_lock(
    servers: Servers, data: Path
) -> None:
    def cancel(line: str) -> None:
        if "starting PostgreSQL" in line:
            starting.cancel()

    server = EmbeddedPostgres(servers.directory, settings=servers.settings, log=cancel)
    starting = asyncio.create_task(server.start())
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert list(working_in(data)) == []
    await servers.make().start()
