"""Clears away what an owner that was killed left: processes, a pid file, socket files.

Only whoever holds the directory's lock may call this: then none of it has an owner.
"""

import asyncio
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from waremind.errors import ErrorCode, WaremindError
from waremind.process import Process
from waremind.store.embedded.child import ending
from waremind.store.embedded.settings import PORT


async def clear(data: Path, sockets: Path, patience_seconds: float) -> None:
    """End PostgreSQL's processes that still work in `data`, and make its stale files harmless."""
    pid_file = data / "postmaster.pid"
    if pid_file.exists():
        await end_processes(data, patience_seconds)
    if pid_file.exists():
        disown(pid_file)
    for name in (f".s.PGSQL.{PORT}", f".s.PGSQL.{PORT}.lock"):
        (sockets / name).unlink(missing_ok=True)


async def end_processes(data: Path, patience_seconds: float) -> None:
    """End every postgres whose working directory is `data`, bounded by three times the patience."""
    processes = [process for pid in working_in(data) for process in _watched(pid)]
    steps = ending(patience_seconds)
    await asyncio.gather(
        *(process.end(*steps, within_seconds=patience_seconds) for process in processes)
    )
    staying = [process.pid for process in processes if not process.gone.done()]
    if staying:
        raise WaremindError(
            ErrorCode.DATABASE_UNAVAILABLE,
            f"cannot start PostgreSQL: processes {staying} of an earlier one do not end",
            hint="look at them with: ps -o pid,stat,wchan,args -p PID",
        )


def working_in(data: Path) -> Iterator[int]:
    """Find the pids of postgres processes by where they work: a pid alone may be a stranger's."""
    place = str(data.resolve())
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and _reads(entry / "cwd") == place:
            program = _reads(entry / "exe").removesuffix(" (deleted)")
            if Path(program).name == "postgres":
                yield int(entry.name)


def disown(pid_file: Path) -> None:
    """Put our own pid in a stale pid file, which PostgreSQL takes for stale: it is its parent's.

    The pid there may be a stranger's by now, and PostgreSQL would refuse to start beside it.
    Deleting the file instead would also delete what PostgreSQL looks at to find an orphaned
    backend that still writes to the shared memory.
    """
    _, _, rest = pid_file.read_text(errors="replace").partition("\n")
    # The directory may be a lesser user's than ours, and a link there lead anywhere.
    file = os.open(pid_file, os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW)
    with os.fdopen(file, "w") as stale:
        stale.write(f"{os.getpid()}\n{rest}")


def _watched(pid: int) -> Sequence[Process]:
    try:
        return (Process.of(pid),)
    except ProcessLookupError:
        return ()


def _reads(link: Path) -> str:
    """Read a link of /proc; nothing when the process is gone or another user's."""
    try:
        return str(link.readlink())
    except OSError:
        return ""
