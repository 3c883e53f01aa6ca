"""Clients that do not wait for their answers."""

from __future__ import annotations

from accounts.stage import Stage
from daemon_process import steady

from waremind.protocol import encode_call
from waremind.requests.daemon import Status

ASKED = 16


def test_answers_that_nobody_waits_for_leave_nothing_in_the_log(shared: Stage) -> None:
    for _ in range(10):
        with shared.daemon.client() as client:
            client._socket.sendall(encode_call(1, Status()) * ASKED)
    assert steady(lambda: shared.daemon.log.count("socket.send() raised"), 1) == 0
