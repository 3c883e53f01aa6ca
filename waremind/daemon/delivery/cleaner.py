"""Once a day: what is older than the operator wants to keep goes."""

import logging
from datetime import timedelta
from functools import partial

from waremind.daemon.system.logs import event
from waremind.daemon.system.runtime import Runtime
from waremind.daemon.system.tasks import run_forever
from waremind.store import runs

log = logging.getLogger(__name__)

EVERY = timedelta(days=1)
PATIENCE_SECONDS = 60.0  # with a database that is away


async def keep_house(runtime: Runtime) -> None:
    """Delete old runs now and then, for ever."""
    await run_forever(partial(_day, runtime), patience_seconds=PATIENCE_SECONDS)


async def _day(runtime: Runtime) -> None:
    now = runtime.clock.now()
    before = now - timedelta(days=runtime.current.settings.delivery.keep_days)
    async with runtime.database.connection() as connection:
        if deleted := await runs.delete_before(connection, before):
            event(log, "deleted old runs", runs=deleted)
    while runtime.clock.now() < now + EVERY:  # a clock that was set wakes it early
        await runtime.clock.sleep_until(now + EVERY)
