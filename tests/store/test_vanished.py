"""A daemon whose machine loses its power says nothing any more: its lock is free soon after."""

import asyncio
import contextlib
import subprocess
import sys
import time
from collections.abc import Generator

import pytest
from cables import Machine, another_machine, needs_namespaces
from postgres_processes import environment
from store.yours import YourPostgres

from waremind.store.lock import DaemonLock

FREE_SECONDS = 30.0
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
pytestmark = needs_namespaces


@contextlib.contextmanager
def daemon(machine: Machine, dsn: str, statement: str) -> Generator[None]:
    """Run on that machine what holds the lock of a database."""
    command = [*machine.inside, sys.executable, "-c", DAEMON, dsn, statement]
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
        if not machine:
            pytest.skip("no network namespaces here")
        cable = machine.cable()
        for name, statement in ((idle, ""), (answered, ANSWERED_TOO_LATE)):
            dsn = yours.dsn(dbname=name, host=cable.here)
            stack.enter_context(daemon(machine, dsn, statement))
        wait_until_runs(yours, ANSWERED_TOO_LATE)
        cable.stop("there", "back")
        waited = await asyncio.gather(*(taken_after(yours.dsn(dbname=n)) for n in (idle, answered)))
    assert max(waited) < FREE_SECONDS, waited
