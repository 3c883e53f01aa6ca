"""The socket of those who only look: they read all but QR and pairing codes, and change nothing."""

from __future__ import annotations

import grp
import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec
import pytest
from daemon_process import WAREMIND, DaemonProcess, environment
from system.somebody import AS_NOBODY, NOBODY, somebody_else
from whatsapp_server.harness import PlayedWhatsApp

from waremind.client import Client
from waremind.errors import ErrorCode, WaremindError
from waremind.requests.core import Request
from waremind.requests.daemon import Version
from waremind.requests.methods import REQUESTS

OPERATE = sorted(name for name, kind in REQUESTS.items() if kind.access == "operate")


def own_group() -> str:
    """Name a group that this test may give a socket to: nobody's where we are root."""
    return grp.getgrgid(os.getegid() or NOBODY).gr_name


@pytest.fixture
def daemon(dsn: str, shared_whatsapp: PlayedWhatsApp) -> Iterator[DaemonProcess]:
    group = {"WAREMIND_SOCKET_READ_GROUP": own_group()}
    with DaemonProcess(environment(shared_whatsapp, dsn) | group) as daemon:
        yield daemon


def reading(daemon: DaemonProcess) -> Path:
    return daemon.socket.with_name("w-read.sock")


def some(kind: type[Request[Any]]) -> Request[Any]:
    """Make a request of a kind, with what it cannot do without."""
    types = get_type_hints(kind)
    needed = [field.name for field in msgspec.structs.fields(kind) if field.required]
    return kind(**{name: _some_value(types[name]) for name in needed})


def _some_value(type_: Any) -> Any:
    if type_ is int:
        return 1
    origin = get_origin(type_)
    return get_args(type_)[0] if origin is Literal else ["x"] if origin in {list, tuple} else "x"


def refusal(client: Client, request: Request[Any]) -> WaremindError | None:
    """Ask for something; returns the error that it was answered with."""
    try:
        client.call(request)
    except WaremindError as error:
        return error
    return None


def test_it_lets_through_what_reads_and_nothing_that_operates(daemon: DaemonProcess) -> None:
    with Client(reading(daemon)) as client:
        answers = {name: refusal(client, some(kind)) for name, kind in REQUESTS.items()}
    denied = {
        name: error
        for name, error in answers.items()
        if error and error.code is ErrorCode.PERMISSION_DENIED
    }
    assert sorted(denied) == OPERATE
    assert "account.pair" in denied  # whose stream has the QR and the pairing codes
    for name, error in denied.items():
        assert error.message == f"cannot ask for {name}: this socket only lets look"
        assert f"become a member of the group of {daemon.socket}" in error.hint


def test_nothing_is_done_for_who_only_asks_what_would_be(daemon: DaemonProcess) -> None:
    with Client(reading(daemon)) as client, pytest.raises(WaremindError) as refused:
        client.call(REQUESTS["account.add"](label="ops", check=True))
    assert refused.value.code is ErrorCode.PERMISSION_DENIED


@somebody_else
def test_a_member_of_the_group_looks_and_changes_nothing(daemon: DaemonProcess) -> None:
    def ask(path: Path, *words: str) -> subprocess.CompletedProcess[str]:
        command = [*AS_NOBODY, sys.executable, str(WAREMIND), "--json", "--socket", str(path)]
        return subprocess.run([*command, *words], check=False, capture_output=True, text=True)

    looked = ask(reading(daemon), "status")
    assert (looked.returncode, json.loads(looked.stdout)["accounts"]) == (0, {})
    refused = ask(reading(daemon), "account", "add", "ops")
    assert refused.returncode == 5
    assert json.loads(refused.stderr)["error"]["code"] == "permission_denied"
    assert ask(daemon.socket, "status").returncode == 5
    assert daemon.call(REQUESTS["account.list"]()).accounts == []


def test_it_is_its_groups_alone_and_gone_with_the_daemon(daemon: DaemonProcess) -> None:
    status = reading(daemon).stat()
    assert stat.S_IMODE(status.st_mode) == 0o660
    assert grp.getgrgid(status.st_gid).gr_name == own_group()
    with daemon.client() as operator:
        assert operator.call(Version())
    daemon.stop()
    assert not reading(daemon).exists()


@somebody_else
def test_who_may_only_look_finds_the_socket_for_it(daemon: DaemonProcess) -> None:
    code = "import sys, pathlib, waremind.paths as p; p.SYSTEM_SOCKET = pathlib.Path(sys.argv[1]); "
    code += "print(p.client_socket(None, {}))"
    found = subprocess.run(
        [*AS_NOBODY, sys.executable, "-c", code, str(daemon.socket)],
        check=True,
        capture_output=True,
        text=True,
    )
    assert found.stdout == f"{reading(daemon)}\n"
