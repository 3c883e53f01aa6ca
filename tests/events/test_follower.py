"""A real daemon's events, followed by a real command over its deaths and restarts."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path

import psycopg
from daemon_process import DaemonProcess, environment, until
from events.follower import Follower, kept
from events.rebuilt import Rebuilt, seen_accounts

from waremind.daemon.api.connection import ROOM_SECONDS
from waremind.protocol import encode_call
from waremind.requests.account import AccountDelete, AccountList
from waremind.requests.daemon import FreezeSet, Thaw
from waremind.requests.events import Events

MANY = 3_000  # more than a socket holds


def test_a_follower_misses_nothing_and_hears_nothing_twice_over_the_daemon_s_deaths(
    embedded: DaemonProcess,
) -> None:
    daemon = embedded
    daemon.add("first")
    with Follower(daemon) as follower:
        daemon.add("second")
        daemon.kill()
        daemon.start()
        daemon.add("third")
        daemon.stop()
        daemon.start()
        daemon.call(AccountDelete(account="first"))
        told = follower.caught_up()
        assert told == list(kept(daemon))
    assert [event.id for event in told] == sorted({event.id for event in told})
    accounts = daemon.call(AccountList(all=True)).accounts
    assert Rebuilt(told).accounts == seen_accounts(accounts)


def test_a_client_that_reads_nothing_is_told_where_to_go_on_and_the_stream_ends(
    daemon: DaemonProcess, dsn: str
) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute(
            "INSERT INTO events (type, data)"
            " SELECT 'audit.written', '{}' FROM generate_series(1, %s)",
            [MANY],
        )
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(daemon.socket))
        client.sendall(encode_call(1, Events(follow=True, since="0")))
        reader = client.makefile("rb")
        told = [json.loads(reader.readline())]
        time.sleep(ROOM_SECONDS + 1)  # it reads nothing, for as long as it may
        while "params" in told[-1]:
            told.append(json.loads(reader.readline()))
    *events, end = told
    last = events[-1]["params"]["event"]["id"]
    assert len(events) < MANY
    assert end["result"] == {"type": "overflow", "resume": last}
    assert [event.id for event in kept(daemon)][: len(events)] == [
        event["params"]["event"]["id"] for event in events
    ]


def test_a_hook_of_a_real_daemon_hears_of_a_freeze_and_of_its_end(dsn: str, tmp_path: Path) -> None:
    told = tmp_path / "told"
    tmp_path.chmod(0o755)
    hook = json.dumps(["/bin/sh", "-c", f"cat >> {told}"])
    with DaemonProcess(environment(dsn=dsn) | {"WAREMIND_HOOKS__ATTENTION": hook}) as daemon:
        daemon.call(FreezeSet())
        until(lambda: told.exists() and b"attention.begun" in told.read_bytes(), "the alarm")
        daemon.call(Thaw())
        until(lambda: b"attention.ended" in told.read_bytes(), "its end")
