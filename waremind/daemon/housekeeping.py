"""Once a day: what is older than the operator wants to keep goes."""

import asyncio
import logging
from datetime import timedelta

from waremind.daemon.ground import Ground
from waremind.daemon.logs import event
from waremind.errors import WaremindError
from waremind.store import runs

log = logging.getLogger(__name__)

EVERY = timedelta(days=1)
PATIENCE_SECONDS = 60.0  # with a database that is away


async def keep_house(ground: Ground) -> None:
    """Delete old runs now and then, for ever."""
    clock = ground.clock
    while True:
        until = clock.now() + EVERY
        try:
            before = clock.now() - timedelta(days=ground.current.settings.delivery.keep_days)
            async with ground.database.connection() as connection:
                if deleted := await runs.delete_before(connection, before):
                    event(log, "deleted old runs", runs=deleted)
        except WaremindError as error:
            event(log, "cannot keep house", logging.WARNING, reason=error)
            await asyncio.sleep(PATIENCE_SECONDS)
            continue
        while clock.now() < until:  # a clock that was set wakes it early
            await clock.sleep_until(until)
