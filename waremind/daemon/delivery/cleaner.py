"""Once a day: what is older than the operator wants to keep goes."""

import logging
from datetime import timedelta
from functools import partial

from waremind.daemon.system.logs import event
from waremind.daemon.system.runtime import Ground
from waremind.daemon.system.tasks import steadily
from waremind.store import runs

log = logging.getLogger(__name__)

EVERY = timedelta(days=1)
PATIENCE_SECONDS = 60.0  # with a database that is away


async def keep_house(ground: Ground) -> None:
    """Delete old runs now and then, for ever."""
    await steadily(partial(_day, ground), patience_seconds=PATIENCE_SECONDS)


async def _day(ground: Ground) -> None:
    now = ground.clock.now()
    before = now - timedelta(days=ground.current.settings.delivery.keep_days)
    async with ground.database.connection() as connection:
        if deleted := await runs.delete_before(connection, before):
            event(log, "deleted old runs", runs=deleted)
    while ground.clock.now() < now + EVERY:  # a clock that was set wakes it early
        await ground.clock.sleep_until(now + EVERY)
