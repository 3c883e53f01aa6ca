"""A daemon whose machine loses its power says nothing any more: its lock is free soon after."""

import asyncio
import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Generator

import pytest
from postgres_processes import environment
from store.yours import YourPostgres

from waremind.store.lock import DaemonLock

FREE_SECONDS = 30.0
HERE, THERE = "10.213.77.1", "10.213.77.2"
DAEMON = """
import asyncio, sys
from waremind.store.lock import DaemonLock

async def main(dsn, statement):
    lock = DaemonLock(dsn)
    await lock.take()
    print("taken", flush=True)
    if statement:
        await lock._connection.execute(statement)
    await asyncio.Event().wait()

asyncio.run(main(*sys.argv[1:]))
"""
# The server answers when the machine is gone already: bytes that nobody acknowledges.
ANSWERED_TOO_LATE = "SELECT pg_sleep(3)"
pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="only root makes network namespaces"),
    pytest.mark.skipif(not shutil.which("ip"), reason="no ip: apt-get install iproute2"),
]


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


@contextlib.contextmanager
def another_machine() -> Generator[str]:
    """Make a network namespace, reached by a cable of which `cut` pulls one end."""
    name = f"wm{os.getpid()}"
    try:
        ip("netns", "add", name)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"no network namespaces here: {error.stderr.decode().strip()}")
    try:
        ip("link", "add", name, "type", "veth", "peer", "name", "far", "netns", name)
        ip("addr", "add", f"{HERE}/24", "dev", name)
        ip("link", "set", name, "up")
        ip("-n", name, "addr", "add", f"{THERE}/24", "dev", "far")
        ip("-n", name, "link", "set", "far", "up")
        yield name
    finally:
        ip("netns", "delete", name)


@contextlib.contextmanager
def daemon(machine: str, dsn: str, statement: str) -> Generator[None]:
    """Run on that machine what holds the lock of a database."""
    command = ["ip", "netns", "exec", machine, sys.executable, "-c", DAEMON, dsn, statement]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, text=True, env=environment()) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == "taken\n"
            yield
        finally:
            process.kill()


def wait_until_runs(yours: YourPostgres, statement: str) -> None:
    """Wait until the server works at a statement."""
    query = "SELECT FROM pg_stat_activity WHERE state = 'active' AND query = %s"
    with yours.connect() as connection:
        while not connection.execute(query, [statement]).rowcount:
            pass


async def taken_after(dsn: str) -> float:
    """Take the lock, patiently; returns how many seconds that took."""
    started = time.monotonic()
    lock = DaemonLock(dsn)
    await lock.take(patience_seconds=60)
    await lock.release()
    return time.monotonic() - started


async def test_the_lock_of_a_machine_that_vanished_is_free_also_with_unacknowledged_bytes(
    yours: YourPostgres,
) -> None:
    with contextlib.ExitStack() as stack:
        idle, answered = (stack.enter_context(yours.database()) for _ in range(2))
        machine = stack.enter_context(another_machine())
        for name, statement in ((idle, ""), (answered, ANSWERED_TOO_LATE)):
            dsn = yours.dsn(dbname=name, host=HERE)
            stack.enter_context(daemon(machine, dsn, statement))
        wait_until_runs(yours, ANSWERED_TOO_LATE)
        ip("-n", machine, "link", "set", "far", "down")
        waited = await asyncio.gather(*(taken_after(yours.dsn(dbname=n)) for n in (idle, answered)))
    assert max(waited) < FREE_SECONDS, waited
