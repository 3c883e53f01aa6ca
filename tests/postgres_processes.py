"""Processes that own servers, and processes that are gone."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import waremind
from waremind.store.embedded import EmbeddedPostgres

OWNER = """
import asyncio, sys
from pathlib import Path
from waremind.errors import WaremindError
from waremind.store.embedded import EmbeddedPostgres

async def main():
    directory, bin_dir, *_ = *map(Path, sys.argv[1:]), None
    server = EmbeddedPostgres(directory, bin_dir=bin_dir, settings={"fsync": "off"})
    try:
        await server.start()
    except WaremindError as error:
        sys.exit(f"{error}; {error.hint}")
    print(server.pid, flush=True)
    await server.wait()

asyncio.run(main())
"""


@dataclass
class Servers:
    """Makes servers in `directory`; each is stopped when the test is over."""

    directory: Path
    settings: Mapping[str, str] = field(default_factory=lambda: {"fsync": "off"})
    made: list[EmbeddedPostgres] = field(default_factory=list)
    log: list[str] = field(default_factory=list)

    def make(self, **settings: str) -> EmbeddedPostgres:
        server = EmbeddedPostgres(
            self.directory,
            settings={**self.settings, **settings},
            log=self.log.append,
            patience_seconds=0.5,
        )
        self.made.append(server)
        return server

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for server in self.made:
            await server.stop()


def environment() -> dict[str, str]:
    """Let any Python of our version import what we do."""
    places = [str(Path(waremind.__file__).parents[1]), *sys.path]
    return os.environ | {"PYTHONPATH": os.pathsep.join(places), "PYTHONDONTWRITEBYTECODE": "1"}


def imports(python: Sequence[str]) -> bool:
    """Tell whether this way to run Python can import the store."""
    command = [*python, "-c", "import waremind.store.embedded"]
    finished = subprocess.run(command, stderr=subprocess.DEVNULL, env=environment(), check=False)
    return finished.returncode == 0


def own(
    directory: Path, python: Sequence[str] = (sys.executable,), *bin_dir: Path
) -> subprocess.Popen[str]:
    """Start a process that owns a server in `directory`; its first line is the server's pid."""
    return subprocess.Popen(
        [*python, "-c", OWNER, directory, *bin_dir],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )


async def gone(pid: int) -> None:
    """Wait until no process has this pid."""
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    with os.fdopen(pidfd) as file:
        loop = asyncio.get_running_loop()
        over = loop.create_future()
        loop.add_reader(file, over.set_result, None)
        await over
        loop.remove_reader(file)


def kill(pid: int | None, with_signal: signal.Signals = signal.SIGKILL) -> None:
    """Send a signal to a process that is there."""
    assert pid
    os.kill(pid, with_signal)


@contextlib.contextmanager
def paused(pid: int) -> Generator[None]:
    """Let a process stand still."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)
