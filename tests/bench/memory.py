"""What the daemon with its PostgreSQL takes, and what each connected account adds."""

from __future__ import annotations

import statistics
import time
from collections.abc import AsyncIterator
from pathlib import Path

from daemon_process import DaemonProcess, environment, until
from whatsapp_server.harness import PlayedWhatsApp

from bench.finding import Finding, Scale
from waremind.requests.account import AccountAdd
from waremind.whatsapp.process_gateway import HEARTBEAT_SECONDS

CONNECTED = 3
BYTES_OF_KB = 1024
MB = 1_000_000


async def measure(scale: Scale) -> AsyncIterator[Finding]:
    """Weigh a daemon that waits, and the children of accounts that do."""
    claim = f"daemon, PostgreSQL and {scale.accounts} unpaired accounts, proportional"
    yield Finding(claim, _waiting_daemon(scale.accounts), 90, "MB", "at most", 1)
    claim = "idle connected account's child, private"
    yield Finding(claim, _connected_child(), 12, "MB", "at most", 1)


def _waiting_daemon(accounts: int) -> float:
    with DaemonProcess(environment()) as daemon:
        with daemon.client() as client:
            for number in range(accounts):
                client.call(AccountAdd(label=f"account {number}"))
        pids = [daemon.process.pid, *daemon.processes()]
        return sum(megabytes(pid, "Pss") for pid in pids)


def _connected_child() -> float:
    with PlayedWhatsApp() as whatsapp, DaemonProcess(environment(whatsapp)) as daemon:
        accounts = [daemon.add(f"account {number}") for number in range(CONNECTED)]
        for number, account in enumerate(accounts):
            phone = f"62811000000{number}"
            whatsapp.user(phone)
            daemon.pair(account.label, whatsapp, phone)
        # What pairing took has nothing to do with what waiting takes.
        daemon.stop()
        daemon.start()
        for account in accounts:
            daemon.wait(account.label, "connected")
        return statistics.median(_settled(daemon.child(account.id)) for account in accounts)


def _settled(pid: int) -> float:
    """Weigh a session once it was asked twice whether it lives, and does nothing else."""
    seen = [-1.0, _cpu_seconds(pid)]
    asked_twice_at = time.monotonic() + 2 * HEARTBEAT_SECONDS

    def is_idle() -> bool:
        seen.append(_cpu_seconds(pid))
        is_quiet = len(seen) > 50 and seen[-1] == seen[-50]
        return is_quiet and time.monotonic() > asked_twice_at

    until(is_idle, f"process {pid} to be idle", 90)
    return megabytes(pid, "Private_Clean") + megabytes(pid, "Private_Dirty")


def megabytes(pid: int, kind: str) -> float:
    """Read what the kernel says of a process's memory, of one kind."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    [amount] = [line.split()[1] for line in lines if line.startswith(f"{kind}:")]
    return int(amount) * BYTES_OF_KB / MB


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100
