"""The daemon's socket: whatever a client does, it is answered or hung up on, and nobody notices."""

from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import count

import msgspec
import pytest
from accounts.stage import Stage
from daemon_process import WAREMIND, DaemonProcess, until
from system.somebody import AS_NOBODY, NOBODY, somebody_else

from waremind.errors import ErrorCode, WaremindError
from waremind.protocol import MAX_LINE, encode_call
from waremind.requests.account import AccountAdd, AccountDelete, AccountPair
from waremind.requests.daemon import AuditList, FreezeSet, Status, Version
from waremind.requests.run import Send


class Raw:
    """A client that writes whatever it likes."""

    def __init__(self, daemon: DaemonProcess) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(20)
        self.socket.connect(str(daemon.socket))
        self.lines = self.socket.makefile("rb")

    def close(self) -> None:
        self.lines.close()
        self.socket.close()

    def ask(self, line: bytes) -> dict[str, object]:
        """Say a line; returns the answer."""
        self.socket.sendall(line + b"\n")
        return self.answer()

    def answer(self) -> dict[str, object]:
        return json.loads(self.lines.readline())

    def is_served(self) -> bool:
        """Whether the connection goes on."""
        return "result" in self.ask(b'{"jsonrpc": "2.0", "id": 7, "method": "version"}')


@pytest.fixture
def raw(shared_daemon: DaemonProcess) -> Iterator[Raw]:
    with closing(Raw(shared_daemon)) as raw:
        yield raw


DEEP = b'{"jsonrpc": "2.0", "id": 1, "method": "status", "params": ' + b"[" * 10_000 + b"]" * 10_000
ODD: dict[str, tuple[bytes, int, object]] = {
    "broken JSON": (b"{", -32700, None),
    "no JSON": (b"hello", -32700, None),
    "an empty line": (b"", -32700, None),
    "not UTF-8": (b'{"id": "\xff"}', -32700, None),
    "an empty object": (b"{}", -32600, None),
    "a list": (b"[]", -32600, None),
    "a number": (b"7", -32600, None),
    "deep nesting": (DEEP + b"}", -32700, None),
    "no method": (b'{"jsonrpc": "2.0", "id": 3}', -32600, 3),
    "an id that is a list": (b'{"jsonrpc": "2.0", "id": [], "method": "status"}', -32600, None),
    "JSON-RPC 1": (b'{"id": 3, "method": "status"}', -32600, 3),
    "an unknown method": (b'{"jsonrpc": "2.0", "id": "x", "method": "steal"}', -32601, "x"),
    "an unknown field": (
        b'{"jsonrpc": "2.0", "id": 3, "method": "status", "params": {"uid": 0}}',
        -32602,
        3,
    ),
    "a field of another type": (
        b'{"jsonrpc": "2.0", "id": 3, "method": "account.add", "params": {"label": 5}}',
        -32602,
        3,
    ),
    "parameters in a list": (
        b'{"jsonrpc": "2.0", "id": 3, "method": "status", "params": []}',
        -32602,
        3,
    ),
}


@pytest.mark.parametrize(("line", "code", "id_"), ODD.values(), ids=ODD)
def test_what_makes_no_sense_is_answered_with_an_error_and_the_connection_goes_on(
    raw: Raw, line: bytes, code: int, id_: object
) -> None:
    answer = raw.ask(line)
    assert answer["id"] == id_
    error = answer["error"]
    assert isinstance(error, dict)
    assert error["code"] == code
    assert error["data"]["code"] == "invalid_input"
    assert error["message"].startswith("cannot ")
    assert error["data"]["hint"]
    assert raw.is_served()


def test_a_line_over_a_mebibyte_is_read_away_and_answered(raw: Raw) -> None:
    answer = raw.ask(b"x" * (5 * MAX_LINE))
    assert isinstance(answer["error"], dict)
    assert "longer than" in answer["error"]["message"]
    assert raw.is_served()


def test_requests_without_waiting_are_all_answered(raw: Raw) -> None:
    call = b'{"jsonrpc": "2.0", "id": %d, "method": "version"}\n'
    raw.socket.sendall(b"".join(call % number for number in range(100)))
    assert {raw.answer()["id"] for _ in range(100)} == set(range(100))


def test_a_client_that_has_said_its_last_word_is_still_answered(raw: Raw) -> None:
    raw.socket.sendall(b'{"jsonrpc": "2.0", "id": 1, "method": "version"}')  # as `socat` does
    raw.socket.shutdown(socket.SHUT_WR)
    assert raw.answer()["id"] == 1
    assert raw.lines.readline() == b""


def test_a_request_in_pieces_is_one_request(raw: Raw) -> None:
    for byte in b'{"jsonrpc": "2.0", "id": 1, "method": "version"}\n':
        raw.socket.sendall(bytes([byte]))
    assert raw.answer()["id"] == 1


def test_many_clients_are_served_at_once(shared_daemon: DaemonProcess) -> None:
    with ThreadPoolExecutor(50) as threads:
        answers = threads.map(lambda _: shared_daemon.call(Status()).version, range(200))
    assert len(set(answers)) == 1


def test_a_client_that_reads_nothing_disturbs_nobody_and_is_hung_up_on(shared: Stage) -> None:
    with closing(Raw(shared.daemon)) as slow:
        slow.socket.setblocking(False)
        line = encode_call(1, AuditList(limit=0)) * 100
        sent = 0

        def is_full() -> bool:
            nonlocal sent
            try:
                sent += slow.socket.send(line[sent % len(line) :])
            except (BlockingIOError, BrokenPipeError, ConnectionResetError):
                return True  # read no more, or hung up on already: a quick daemon gets that far
            return False

        until(is_full, "the daemon to read no more of a client that reads nothing")
        assert shared.daemon.call(Version())
        assert shared.account


def test_clients_that_go_away_in_the_middle_disturb_nobody(shared: Stage) -> None:
    for number in range(50):
        client = Raw(shared.daemon)
        client.socket.sendall(encode_call(1, AccountPair(account=shared.label))[: 10 * number])
        client.close()
    for _ in range(20):
        shared.daemon.tell(Status()).close()
    assert shared.daemon.call(Version())
    assert "a bug" not in shared.daemon.log


def test_a_client_that_goes_away_amid_a_line_that_is_too_long_is_no_bug(shared: Stage) -> None:
    for _ in range(10):
        client = Raw(shared.daemon)
        client.socket.sendall(encode_call(1, Version()) + b"x" * (2 * MAX_LINE))
        client.close()  # its answer is unread: the daemon is told of a reset
    assert shared.daemon.call(Version())
    assert "a bug" not in shared.daemon.log


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (FreezeSet(account="", reason="x" * 501), "it has 501 characters, more than 500"),
        (
            Send(account="", to=[f"{10_000 + n}@g.us" for n in range(1_001)], text="x"),
            "1001 are named, more than 1000",
        ),
    ],
)
def test_what_would_make_all_others_wait_is_refused(
    request_: FreezeSet | Send, reason: str, shared: Stage
) -> None:
    with pytest.raises(WaremindError, match=reason) as refused:
        shared.daemon.call(msgspec.structs.replace(request_, account=shared.label))
    assert refused.value.code is ErrorCode.INVALID_INPUT


# Who may come, and who is there already.


def test_the_socket_is_for_its_owner_and_group(shared_daemon: DaemonProcess) -> None:
    assert stat.S_IMODE(shared_daemon.socket.stat().st_mode) == 0o660


def test_a_stale_socket_is_taken_over(alone: Stage) -> None:
    alone.daemon.kill()
    assert alone.daemon.socket.exists()
    alone.daemon.start()
    assert alone.daemon.call(Version())


def refusal(daemon: DaemonProcess, **changes: str) -> subprocess.CompletedProcess[str]:
    """Start a second daemon, which must not run."""
    return subprocess.run(
        [WAREMIND, "--json", "daemon"],
        env={**daemon.environment, **changes},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize("changes", [{}, {"WAREMIND_SOCKET": "/tmp/wm-elsewhere.sock"}])  # noqa: S108 - refused before it is made
def test_a_second_daemon_is_refused_with_the_pid_of_the_first(
    shared_daemon: DaemonProcess, changes: dict[str, str]
) -> None:
    refused = refusal(shared_daemon, **changes)
    error = json.loads(refused.stderr.splitlines()[-1])["error"]
    assert refused.returncode == 7
    assert error["code"] == "conflict"
    assert f"pid {shared_daemon.process.pid}" in error["message"]
    assert shared_daemon.call(Version())


def test_a_second_daemon_on_the_same_database_is_refused(
    shared_daemon: DaemonProcess, tmp_path: object
) -> None:
    refused = refusal(
        shared_daemon,
        WAREMIND_STATE_DIR=f"{tmp_path}/state",
        WAREMIND_SOCKET=f"{tmp_path}/w.sock",
    )
    assert refused.returncode == 7
    assert "another daemon does" in refused.stderr


_labels = count(1)


@somebody_else
def test_the_operator_in_the_audit_log_is_who_the_kernel_says(shared: Stage) -> None:
    shared.daemon.socket.chmod(0o666)
    label = f"theirs {next(_labels)}"
    for command in (["add", label], ["delete", label, "--yes"]):
        subprocess.run(
            [
                *AS_NOBODY,
                *ask(shared.daemon, command),
            ],
            check=True,
            capture_output=True,
            env={**os.environ, "USER": "root", "LOGNAME": "root", "SUDO_UID": "0"},
        )
    shared.daemon.socket.chmod(0o660)
    deleted, added = shared.daemon.call(AuditList(limit=2)).audit
    assert [added.action, deleted.action] == ["account.add", "account.delete"]
    assert {(each.operator.uid, each.operator.name) for each in (added, deleted)} == {
        (NOBODY, "nobody")
    }
    assert deleted.target.name == label


@somebody_else
def test_who_has_no_permission_is_told_the_cure(shared_daemon: DaemonProcess) -> None:
    refused = subprocess.run(
        [
            *AS_NOBODY,
            *ask(shared_daemon, ["list"]),
        ],
        check=False,
        capture_output=True,
        text=True,
    )
    assert refused.returncode == 5, refused.stderr
    assert "no permission" in refused.stderr
    # Nobody is told to become a member of root's group, whose the socket is here.
    assert "private to the user root" in refused.stderr


def ask(daemon: DaemonProcess, command: list[str]) -> list[str]:
    """Write a command for a user who may not be able to read this checkout."""
    return [sys.executable, str(WAREMIND), "--socket", str(daemon.socket), "account", *command]


def test_a_taken_label_is_refused_once_for_two_who_ask_at_once(shared: Stage) -> None:
    label = f"contested {next(_labels)}"

    def add(_: int) -> str:
        try:
            shared.daemon.call(AccountAdd(label=label))
        except WaremindError as error:
            return error.code
        return "added"

    with ThreadPoolExecutor(8) as threads:
        said = sorted(threads.map(add, range(8)))
    assert said == ["added", *[ErrorCode.ALREADY_EXISTS] * 7]
    shared.daemon.call(AccountDelete(account=label))
