"""A PostgreSQL beside the daemon, so that runs can be stored in it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from bench import stage


@contextmanager
def postgres() -> Iterator[str]:
    """Run one as the daemon does; yields its DSN."""
    with stage.directory() as directory, asyncio.Runner() as runner:
        running = stage.postgres(directory)
        dsn = runner.run(running.__aenter__())
        try:
            yield dsn
        finally:
            runner.run(running.__aexit__(None, None, None))
