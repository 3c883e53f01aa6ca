"""A daemon that cannot start says why, what to do, and ends with the exit code of its kind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest
from daemon_process import WAREMIND, DaemonProcess, environment
from psycopg.conninfo import make_conninfo
from system.somebody import AS_NOBODY, NOBODY, somebody_else


@pytest.fixture
def place() -> Iterator[Path]:
    """Yield a directory with a short path that anybody may pass."""
    with TemporaryDirectory(prefix="wm-") as directory:
        Path(directory).chmod(0o755)
        yield Path(directory)


@pytest.fixture
def refused(place: Path) -> Callable[..., dict[str, str]]:
    """Return a way to start a daemon that must not run; it gives the error and the exit code."""

    def start(*words: str, as_: Sequence[str] = (), **changes: str) -> dict[str, str]:
        own = {"WAREMIND_STATE_DIR": f"{place}/state", "WAREMIND_SOCKET": f"{place}/w.sock"}
        own["HOME"] = str(place)
        ended = subprocess.run(
            [*as_, sys.executable, WAREMIND, "--json", "daemon", *words],
            env=environment() | own | changes,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert "Traceback" not in ended.stderr
        assert not Path(f"{place}/w.sock").exists()
        return {**json.loads(ended.stderr.splitlines()[-1])["error"], "exit": ended.returncode}

    return start


Refused = Callable[..., dict[str, str]]


def test_a_typo_in_the_file_names_the_nearest_setting(refused: Refused, place: Path) -> None:
    file = place / "config.toml"
    file.write_text('log_levle = "debug"\n')
    error = refused("--config", str(file))
    assert (error["code"], error["exit"]) == ("invalid_input", 78)
    assert error["message"] == f"cannot read {file}: log_levle is not a setting"
    assert error["hint"] == "did you mean log_level?"


@somebody_else
def test_a_file_that_may_not_be_read_is_not_passed_over(refused: Refused, place: Path) -> None:
    (place / "private").mkdir(mode=0o700)
    error = refused(as_=AS_NOBODY, HOME=f"{place}/private")
    assert (error["code"], error["exit"]) == ("permission_denied", 78)
    assert "/private/.config/waremind/config.toml" in error["message"]
    assert "--config" in error["hint"]


@pytest.mark.parametrize("at", ["a file", "/proc/nowhere"])
def test_a_state_directory_that_cannot_be_written_is_refused(
    refused: Refused, place: Path, at: str
) -> None:
    (place / "a file").touch()
    directory = place / at
    error = refused(WAREMIND_STATE_DIR=str(directory))
    assert (error["code"], error["exit"]) == ("permission_denied", 5)
    assert str(directory) in error["message"]
    assert "WAREMIND_STATE_DIR" in error["hint"]


@somebody_else
def test_a_state_directory_of_somebody_else_is_refused(refused: Refused, place: Path) -> None:
    (place / "state").mkdir(mode=0o700)
    error = refused(as_=AS_NOBODY)
    assert (error["code"], error["exit"]) == ("permission_denied", 5)
    assert f"writable for uid {NOBODY}" in error["hint"]


def test_a_path_too_long_for_a_socket_is_refused(refused: Refused, dsn: str) -> None:
    error = refused(WAREMIND_SOCKET="/tmp/" + "x" * 120, WAREMIND_DATABASE__URL=dsn)  # noqa: S108 - never made
    assert (error["code"], error["exit"]) == ("invalid_input", 78)
    assert "longer than 107 bytes" in error["message"]
    assert "shorter" in error["hint"]


def test_a_place_where_no_socket_can_be_is_refused(refused: Refused, dsn: str) -> None:
    error = refused(WAREMIND_SOCKET="/proc/w.sock", WAREMIND_DATABASE__URL=dsn)
    assert (error["code"], error["exit"]) == ("permission_denied", 5)
    assert "choose another" in error["hint"]


def test_a_path_too_long_for_postgres_is_refused(refused: Refused, place: Path) -> None:
    error = refused(WAREMIND_STATE_DIR=f"{place}/{'x' * 120}")
    assert (error["code"], error["exit"]) == ("invalid_input", 78)
    assert "shorter path" in error["hint"]


@pytest.mark.parametrize(
    ("url", "code", "exit_code", "cure"),
    [
        ("postgresql://u:xyzzy@127.0.0.1:1/d", "database_unavailable", 1, "start PostgreSQL"),
        ("postgresql://u:xyzzy@nowhere.invalid/d", "database_unavailable", 1, "database.url"),
        ("xyzzy", "invalid_input", 78, "write postgresql://"),
    ],
)
def test_a_database_that_is_not_there_is_told_without_its_password(
    refused: Refused, url: str, code: str, exit_code: int, cure: str
) -> None:
    error = refused(WAREMIND_DATABASE__URL=url)
    assert (error["code"], error["exit"]) == (code, exit_code)
    assert cure in error["hint"]
    assert "xyzzy" not in error["message"] + error["hint"]


def test_a_database_that_a_person_has_to_make_is_not_waited_for_under_systemd_either(
    refused: Refused, place: Path, dsn: str
) -> None:
    url = make_conninfo(dsn, dbname="nowhere")
    error = refused(WAREMIND_DATABASE__URL=url, NOTIFY_SOCKET=str(place / "notify"))
    assert (error["code"], error["exit"]) == ("database_unavailable", 78)
    assert error["hint"] == "CREATE DATABASE nowhere OWNER waremind"


def test_a_database_newer_than_the_program_is_refused(refused: Refused, dsn: str) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute(
            "INSERT INTO schema_migrations (number, name, sha256, version)"
            " VALUES (9999, 'from_the_future', '', '9.9')"
        )
    error = refused(WAREMIND_DATABASE__URL=dsn)
    assert "waremind 9.9 has brought it to migration 9999" in error["message"]
    assert error["exit"] == 78
    assert "install waremind 9.9 or newer" in error["hint"]


def test_a_group_that_does_not_exist_leaves_the_socket_to_its_owner(
    dsn: str,
) -> None:
    changes = {"WAREMIND_SOCKET_GROUP": "nosuchgroup"}
    with DaemonProcess(environment(dsn=dsn) | changes) as daemon:
        assert daemon.socket.stat().st_gid == os.getegid()
        assert daemon.socket.stat().st_mode & 0o777 == 0o660
    assert not daemon.socket.exists()


def test_a_group_that_shall_look_and_does_not_exist_is_refused(refused: Refused) -> None:
    error = refused(WAREMIND_SOCKET_READ_GROUP="nobody-like-that")
    assert (error["code"], error["exit"]) == ("invalid_input", 78)
    assert error["message"] == "cannot let the group nobody-like-that look: there is no such group"
    assert error["hint"].startswith("groupadd --system nobody-like-that, or ")
