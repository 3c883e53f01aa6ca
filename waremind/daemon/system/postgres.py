"""Which PostgreSQL the daemon uses: the embedded one, kept running, or yours."""

import asyncio
import contextlib
import itertools
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import NamedTuple

from waremind.daemon.system.logs import event, retry
from waremind.daemon.system.systemd import Systemd
from waremind.domain.backoff import delay_seconds
from waremind.errors import WaremindError
from waremind.settings import Settings
from waremind.store.database import passes
from waremind.store.dsn import ignore_environment, redact
from waremind.store.embedded import EmbeddedPostgres
from waremind.store.lock import LockHeldError

log = logging.getLogger(__name__)

EMBEDDED = "embedded"  # its name for operators
RESTART_FIRST_SECONDS = 0.5
RESTART_MOST_SECONDS = 30.0
STABLE_SECONDS = 60.0  # what ran for so long starts the back-off anew


class Access(NamedTuple):
    """The DSN of the daemon's role and that of the tables' owner, and the name for operators."""

    dsn: str
    owner_dsn: str
    name: str

    @property
    def is_embedded(self) -> bool:
        """Whether the daemon's role is one that owns nothing."""
        return self.dsn != self.owner_dsn


@contextlib.asynccontextmanager
async def postgres(settings: Settings) -> AsyncGenerator[Access]:
    """Give the ways to the database; the embedded server runs inside.

    Raises WaremindError when it cannot be started.
    """
    url = settings.database.url
    ignore_environment(embedded=url is None)
    if url is not None:
        dsn = url.get_secret_value()
        yield Access(dsn, dsn, redact(dsn))
        return
    server = EmbeddedPostgres(settings.state_dir / "postgres", bin_dir=settings.database.bin_dir)
    await server.start()
    keeper = asyncio.create_task(_kept_running(server))
    try:
        yield Access(server.daemon_dsn, server.dsn, EMBEDDED)
    finally:
        keeper.cancel()
        await asyncio.wait([keeper])
        await server.stop()


async def patiently(work: Callable[[], Awaitable[None]], systemd: Systemd) -> None:
    """Do what needs the database; under systemd, wait for the server and for another daemon's end.

    It would restart us some ten times and give up, while either may take an hour. A person at a
    terminal rather hears at once: raises what `work` raises, as for what waiting does not mend.
    """
    for retries in itertools.count(1):
        try:
            return await work()
        except WaremindError as error:
            if not systemd.listens or not (passes(error) or isinstance(error, LockHeldError)):
                raise
            systemd.tell(STATUS=f"waiting for PostgreSQL: {error}")
            retry(log, "waiting for postgres", reason=error, hint=error.hint)
            if isinstance(error, LockHeldError):
                continue  # the server has let us wait for it, and tells when it is free
        most, first = RESTART_MOST_SECONDS, RESTART_FIRST_SECONDS
        await asyncio.sleep(delay_seconds(retries, first, most, chance=1.0))
    raise AssertionError


async def _kept_running(server: EmbeddedPostgres) -> None:
    """Start the server again whenever it ends, ever more slowly while that fails."""
    loop = asyncio.get_running_loop()
    retries = 0
    while True:
        started_at = loop.time()
        if server.pid:
            code = await server.wait()
            event(log, "postgres ended", logging.ERROR, code=code)
        stood = loop.time() - started_at >= STABLE_SECONDS
        retries = 1 if stood else retries + 1
        most, first = RESTART_MOST_SECONDS, RESTART_FIRST_SECONDS
        await asyncio.sleep(delay_seconds(retries, first, most, chance=1.0))
        try:
            await server.start()
        except WaremindError as error:
            retry(log, "cannot start postgres", logging.ERROR, reason=error, hint=error.hint)
