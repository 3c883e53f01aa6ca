"""What the daemon and all that is its takes: memory, descriptors, threads, processes, files."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.memory import megabytes

from campaigns.database import files, postmasters
from campaigns.soak.town import Town

MB = 1_000_000
HISTORY = ("events", "audit_log")
LOOKS = 10  # the least of so many is what is held, not what passes through


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How much everything took in an evening, when nothing was to come and all were connected."""

    messages: int
    """What phones have been shown until then."""
    daemon_mb: float
    descriptors: int
    threads: int
    postgres_mb: float
    """The mean of its processes, without what they share."""
    postgres_processes: int
    child_mb: float
    """The mean of the children whose sessions have never ended."""
    child_descriptors: float
    child_threads: float
    processes: int
    """All but PostgreSQL's and the sessions'."""
    zombies: int
    database_mb: float
    """Without the history that is kept for its days: events and audit log."""
    keys_mb: float
    """The sessions' directories."""

    def __str__(self) -> str:
        return ", ".join(f"{name} {value:.5g}" for name, value in asdict(self).items())


def read(town: Town, messages: int) -> Reading:
    """Look at everything once all is quiet."""
    postgres = descendants(postmasters(town.database))
    quiet = [town.daemon.child(one.account.id) for one in town.residents if one.is_quiet]
    children = [town.daemon.child(one.account.id) for one in town.residents]
    daemon = town.daemon.process.pid
    ours = descendants([daemon])
    return Reading(
        messages=messages,
        daemon_mb=private_mb(daemon),
        descriptors=_least(lambda: descriptors(daemon)),
        threads=threads(daemon),
        postgres_mb=statistics.fmean(map(private_mb, postgres)),
        postgres_processes=len(postgres),
        child_mb=statistics.fmean(map(private_mb, quiet)),
        child_descriptors=statistics.fmean(map(descriptors, quiet)),
        child_threads=statistics.fmean(map(threads, quiet)),
        processes=len({*ours} - {*postgres, *children}),
        zombies=sum(_status(pid, "State").startswith("Z") for pid in ours),
        database_mb=size_mb(files(town.database)) - history_mb(town),
        keys_mb=size_mb((town.daemon.state / "sessions").rglob("*")),
    )


def _status(pid: int, name: str) -> str:
    """Read one line of what the kernel says of a process; what has ended says nothing."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return line.partition(":")[2].strip()
    return ""


def private_mb(pid: int) -> float:
    """Tell how much memory a process has written for itself; one that has ended has none."""
    with suppress(OSError):
        return megabytes(pid, "Private_Dirty")
    return 0


def threads(pid: int) -> int:
    """Count the threads of a process."""
    return int(_status(pid, "Threads") or 0)


def descriptors(pid: int) -> int:
    """Count the open descriptors of a process."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def history_mb(town: Town) -> float:
    """Weigh the tables that only grow until their rows are old enough to be deleted."""
    with town.database.connect() as connection:
        cursor = connection.execute(
            "SELECT sum(pg_total_relation_size(t)) FROM unnest(%s::regclass[]) t", [list(HISTORY)]
        )
        ((size,),) = cursor.fetchall()
    return float(size) / MB


def size_mb(files: Iterable[Path]) -> float:
    """Add up what files hold; one that goes meanwhile holds nothing."""
    total = 0
    for file in files:
        with suppress(OSError):
            total += file.stat().st_size
    return total / MB


def _least(probe: Callable[[], int]) -> int:
    """Probe a few times, and give the least."""
    seen: list[int] = []
    for _ in range(LOOKS):
        seen.append(probe())
        time.sleep(0.1)
    return min(seen)


def descendants(pids: Iterable[int]) -> list[int]:
    """List processes and all that come from them."""
    parents = {int(entry): int(_status(int(entry), "PPid") or 0) for entry in _pids()}
    found = set(pids)
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return sorted(found)


def _pids() -> list[str]:
    return [entry.name for entry in Path("/proc").iterdir() if entry.name.isdecimal()]
