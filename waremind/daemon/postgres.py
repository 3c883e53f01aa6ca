"""Which PostgreSQL the daemon uses: the embedded one, kept running, or yours."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator

from waremind.config import Settings
from waremind.daemon.logs import event
from waremind.domain.backoff import delay_seconds
from waremind.errors import WaremindError
from waremind.store.dsn import redact
from waremind.store.embedded import EmbeddedPostgres

log = logging.getLogger(__name__)

RESTART_FIRST_SECONDS = 0.5
RESTART_MOST_SECONDS = 30.0


@contextlib.asynccontextmanager
async def postgres(settings: Settings) -> AsyncGenerator[tuple[str, str]]:
    """Give the DSN, and the name that operators read; the embedded server runs inside.

    Raises WaremindError when it cannot be started.
    """
    url = settings.database.url
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


async def _kept_running(server: EmbeddedPostgres) -> None:
    """Start the server again whenever it ends, ever more slowly while that fails."""
    retries = 0
    while True:
        if server.pid:
            code = await server.wait()
            event(log, "postgres ended", logging.ERROR, code=code)
            retries = 0
        retries += 1
        most, first = RESTART_MOST_SECONDS, RESTART_FIRST_SECONDS
        await asyncio.sleep(delay_seconds(retries, first, most, chance=1.0))
        try:
            await server.start()
        except WaremindError as error:
            event(log, "cannot start postgres", logging.ERROR, reason=error, hint=error.hint)
