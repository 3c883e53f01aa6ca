"""A reminder is claimed and its mark flushed shortly before its time: then only the send is left.

How long a disk takes to flush would else be how late messages are.
"""

import asyncio
from datetime import datetime, timedelta

from waremind.daemon.system.clock import Clock

LEAD = timedelta(milliseconds=500)


async def wait_until_due(clock: Clock, at: datetime) -> None:
    """Wait for a time that is `LEAD` or less from now, and for no other.

    A clock that is set meanwhile ends the wait: set back, it would last longer than was meant.
    """
    while clock.now() < at <= clock.now() + LEAD:
        try:
            await clock.sleep_until(at)
        except OSError:  # what the clock waits with is not to be had: that costs no message
            await asyncio.sleep((at - clock.now()).total_seconds())
