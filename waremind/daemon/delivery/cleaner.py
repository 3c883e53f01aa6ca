"""Once a day: what is older than the operator wants to keep goes."""

import logging
from datetime import timedelta
from functools import partial

from waremind.daemon.system.clock import Clock
from waremind.daemon.system.logs import event
from waremind.daemon.system.runtime import Runtime
from waremind.daemon.system.tasks import run_forever
from waremind.store import events, media, members, runs, silence

log = logging.getLogger(__name__)

EVERY = timedelta(days=1)
RETRY_SECONDS = 60.0  # with a database that is away


async def keep_house(runtime: Runtime) -> None:
    """Delete old runs and events now and then, for ever."""
    await run_forever(
        runtime.failures,
        "delete old runs",
        partial(_clean, runtime),
        partial(_until_tomorrow, runtime.clock),
        patience_seconds=RETRY_SECONDS,
    )


async def _clean(runtime: Runtime) -> bool:
    await runtime.membership.leading.wait()  # one node does it for all
    keep_days = runtime.current.settings.delivery.keep_days
    now = runtime.clock.now()
    before = now - timedelta(days=keep_days)
    alarm = timedelta(seconds=runtime.current.settings.delivery.alarm_seconds)
    async with runtime.database.connection() as connection:
        if deleted := await runs.delete_before(connection, before):
            event(log, "deleted old runs", runs=deleted)
        await members.delete_gone(connection, before - EVERY)  # a run may be sent a while after
        await events.delete_old(connection, keep_days)
        # So that looks for what nobody has received do not pass by these each time.
        await silence.acknowledge_unaddressed(connection, now - alarm)
    async with runtime.database.transaction() as connection:
        if deleted := await media.collect(connection, now - EVERY):
            event(log, "deleted unused media", contents=deleted)
    return False


async def _until_tomorrow(clock: Clock) -> None:
    now = clock.now()
    while clock.now() < now + EVERY:  # a clock that was set wakes it early
        await clock.sleep_until(now + EVERY)
