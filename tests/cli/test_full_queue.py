"""Who comes while the daemon lets nobody in waits; who is refused at the door is told why."""

from __future__ import annotations

import socket
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from waremind import client, protocol
from waremind.client import Client
from waremind.errors import ErrorCode, WaremindError
from waremind.requests.daemon import Version, VersionResult

SHORT_SECONDS = 0.3


@pytest.fixture
def door() -> Iterator[socket.socket]:
    """Listen on a socket whose queue has room for one."""
    with tempfile.TemporaryDirectory(dir="/tmp") as place, socket.socket(socket.AF_UNIX) as door:
        door.bind(f"{place}/w.sock")
        door.listen(0)
        yield door


@pytest.fixture
def full(door: socket.socket) -> Iterator[Path]:
    """Fill the queue; the path of its socket."""
    path = Path(door.getsockname())
    with ExitStack() as stack:
        while True:
            waiting = stack.enter_context(socket.socket(socket.AF_UNIX))
            waiting.setblocking(False)
            try:
                waiting.connect(str(path))
            except BlockingIOError:
                break
            waiting.shutdown(socket.SHUT_WR)  # it has nothing to say
        yield path


def test_a_full_queue_is_waited_for_and_never_called_no_daemon(
    full: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "ANSWER_SECONDS", SHORT_SECONDS)
    begin = time.monotonic()
    with pytest.raises(WaremindError, match=r"let nobody in for 0\.3 s") as refused:
        Client(full)
    assert time.monotonic() - begin >= SHORT_SECONDS
    assert refused.value.code is ErrorCode.TIMED_OUT
    assert "start it" not in refused.value.hint


def test_who_has_waited_in_a_full_queue_is_answered(full: Path, door: socket.socket) -> None:
    with ThreadPoolExecutor(1) as thread:
        asked = thread.submit(_version, full)
        while not _answer_next(door):
            pass
        assert asked.result() == "1"


def _answer_next(door: socket.socket) -> bool:
    """Let the next one in; tell whether there was something to answer."""
    connection, _ = door.accept()
    with connection, connection.makefile("rb") as lines:
        line = lines.readline()
        if line:
            call = protocol.decode_call(line)
            connection.sendall(protocol.encode_result(call.id, VersionResult("1")))
    return bool(line)


def _version(path: Path) -> str:
    with Client(path) as asking:
        return asking.call(Version()).version


def test_who_is_hung_up_on_at_the_door_is_told_why(door: socket.socket) -> None:
    with Client(Path(door.getsockname())) as asking:
        connection, _ = door.accept()
        busy = WaremindError(ErrorCode.BUSY)
        connection.sendall(protocol.encode_error(None, protocol.FAILED, busy))
        connection.close()
        with pytest.raises(WaremindError) as refused:
            asking.call(Version())
    assert refused.value.code is ErrorCode.BUSY
    assert refused.value.code.retryable


def test_an_answer_that_breaks_off_is_no_answer(door: socket.socket) -> None:
    with Client(Path(door.getsockname())) as asking:
        connection, _ = door.accept()
        connection.sendall(b'{"jsonrpc":"2.0","id":1,"result":{"version":"1"}}')
        connection.close()
        with pytest.raises(WaremindError, match="broke off its answer") as refused:
            asking.call(Version())
    assert refused.value.code is ErrorCode.DAEMON_UNREACHABLE
    assert "ask again" in (refused.value.hint or "")
