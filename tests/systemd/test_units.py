"""The unit files as they are filled in, without a systemd."""

import os
from pathlib import Path

import pytest

from waremind.install.program import Program, unusable
from waremind.install.units import NEWER, PLACES, SERVICE, SOCKET, filled

PROGRAM = Program(Path("/opt/waremind/bin/waremind"), (Path("/opt/waremind"),))
UNITS = Path("/etc/systemd/system")


def service(program: Program = PROGRAM, user: str = "waremind", version: int = 252) -> list[str]:
    return filled(program, user, version)[UNITS / SERVICE].splitlines()


def test_the_service_runs_the_program_and_may_execute_its_places() -> None:
    program = Program(Path("/srv/w/bin/waremind"), (Path("/srv/w"), Path("/opt/python")))
    assert "ExecStart=/srv/w/bin/waremind daemon" in service(program)
    assert "ExecPaths=/usr /srv/w /opt/python" in service(program)


def test_a_path_is_written_as_systemd_reads_it() -> None:
    program = Program(Path('/srv/a "b" 100%/waremind'), ())
    assert r'ExecStart="/srv/a \"b\" 100%%/waremind" daemon' in service(program)


def test_another_user_runs_the_daemon_and_the_group_stays() -> None:
    files = filled(PROGRAM, "alice", 252)
    assert "User=alice" in files[UNITS / SERVICE]
    assert "Group=waremind" in files[UNITS / SERVICE]
    assert "SocketGroup=waremind-operators\n" in files[UNITS / SOCKET]
    lines = [line.split()[:2] for line in files[PLACES["sysusers.conf"]].splitlines()]
    groups = [line for line in lines if not line[0].startswith("#")]
    assert groups == [["g", "waremind"], ["g", "waremind-operators"], ["g", "waremind-readers"]]


@pytest.mark.parametrize(("version", "newer"), [(0, False), (252, False), (254, True), (257, True)])
def test_what_only_a_newer_systemd_knows_is_left_out_on_an_older_one(
    version: int,
    newer: bool,  # noqa: FBT001 - what is expected
) -> None:
    assert (PLACES[NEWER] in filled(PROGRAM, "waremind", version)) is newer


def test_each_shipped_file_has_its_place() -> None:
    assert set(filled(PROGRAM, "waremind", 257)) == set(PLACES.values())


@pytest.mark.parametrize("hidden", ["/root", "/home", "/tmp", "/var/tmp", "/run/user"])  # noqa: S108
def test_what_the_unit_hides_cannot_be_run(hidden: str) -> None:
    reason = unusable(Path(hidden) / "venv/bin/python")
    assert reason
    assert f"lies below {hidden}" in reason


def test_what_is_not_there_cannot_be_run() -> None:
    assert unusable(Path("/opt/nowhere/waremind")) == "there is no /opt/nowhere/waremind"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can write where the unit would look")
def test_a_directory_that_not_everybody_may_enter_is_named() -> None:
    directory = Path("/opt") / f"waremind-test-{os.getpid()}"
    directory.mkdir(mode=0o700)
    program = directory / "waremind"
    try:
        program.touch(mode=0o755)
        assert unusable(program) == f"not every user may enter {directory}"
        directory.chmod(0o755)
        assert unusable(program) is None
        program.chmod(0o750)
        assert unusable(program) == f"not every user may use {program}"
    finally:
        program.unlink()
        directory.rmdir()
