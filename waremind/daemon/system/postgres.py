"""Which PostgreSQL the daemon uses: the embedded one, kept running, or yours."""

import asyncio
import contextlib
import itertools
import logging
from collections.abc import AsyncGenerator

from waremind.config import Settings
from waremind.daemon.system.logs import event, retry
from waremind.daemon.system.systemd import Systemd
from waremind.domain.backoff import delay_seconds
from waremind.errors import MisconfigurationError, WaremindError
from waremind.store.database import Connection, connect, is_unavailable
from waremind.store.dsn import ignore_environment, redact
from waremind.store.embedded import EmbeddedPostgres

log = logging.getLogger(__name__)

RESTART_FIRST_SECONDS = 0.5
RESTART_MOST_SECONDS = 30.0
STABLE_SECONDS = 60.0  # what ran for so long starts the back-off anew


@contextlib.asynccontextmanager
async def postgres(settings: Settings) -> AsyncGenerator[tuple[str, str]]:
    """Give the DSN, and the name that operators read; the embedded server runs inside.

    Raises WaremindError when it cannot be started.
    """
    url = settings.database.url
    ignore_environment(embedded=url is None)
    if url is not None:
        yield url.get_secret_value(), redact(url.get_secret_value())
        return
    server = EmbeddedPostgres(settings.state_dir / "postgres", bin_dir=settings.database.bin_dir)
    dsn = await server.start()
    keeper = asyncio.create_task(_kept_running(server))
    try:
        yield dsn, "embedded"
    finally:
        keeper.cancel()
        await asyncio.wait([keeper])
        await server.stop()


async def connected(dsn: str, systemd: Systemd) -> Connection:
    """Connect; under systemd, wait for a server that is not to be had yet.

    It would restart us some ten times and give up, while PostgreSQL may be away for an hour. A
    person at a terminal rather hears at once: raises WaremindError `database_unavailable`.
    """
    for retries in itertools.count(1):
        try:
            return await connect(dsn)
        except WaremindError as error:
            stays = isinstance(error, MisconfigurationError) or not is_unavailable(error)
            if stays or not systemd.listens:
                raise
            systemd.tell(STATUS=f"waiting for PostgreSQL: {error}")
            retry(log, "waiting for postgres", reason=error, hint=error.hint)
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
