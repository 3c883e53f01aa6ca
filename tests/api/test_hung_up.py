"""Clients that do not wait for their answers."""

from __future__ import annotations

import asyncio
import os
import socket
from typing import Any

import pytest
from accounts.stage import Stage
from daemon_process import steady

from waremind.daemon.api.admission import Admission
from waremind.daemon.api.connection import Connection
from waremind.daemon.api.hangups import Hangups
from waremind.daemon.api.server import Client, Environment
from waremind.daemon.system.operators import Operators
from waremind.objects import Run
from waremind.protocol import encode_call
from waremind.requests.daemon import Status
from waremind.requests.run import RunList, RunRevoke

ASKED = 16
ANY: Any = None


def test_answers_that_nobody_waits_for_leave_nothing_in_the_log(shared: Stage) -> None:
    for _ in range(10):
        with shared.daemon.client() as client:
            client._socket.sendall(encode_call(1, Status()) * ASKED)
    assert steady(lambda: shared.daemon.log.count("socket.send() raised"), 1) == 0


@pytest.mark.parametrize("request_", [RunList(), RunRevoke(run="run_1")], ids=["read", "operate"])
async def test_who_has_hung_up_costs_no_look_and_loses_no_command(request_: Any) -> None:
    done: list[object] = []

    async def answer(*asked: object) -> list[Run]:
        done.append(asked[-1])
        return []

    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    hangups, seat = Hangups(), Admission(8).enter(os.geteuid())
    environment = Environment(ANY, Operators(), {type(request_): answer}, ANY, None)
    client = Client(environment, Connection(ours, seat, hangups), seat, "operate")
    theirs.sendall(encode_call(1, request_))
    running = asyncio.create_task(client.run())
    theirs.close()
    await running
    hangups.close()
    ours.close()
    assert done == ([] if request_.access == "read" else [request_])
