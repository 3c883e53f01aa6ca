"""Runs that an operator asks for now: refused while nothing can leave, else made and waited for."""

import asyncio
from collections.abc import Awaitable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from waremind.daemon.delivery.views import runs_of, with_receipts
from waremind.daemon.services import Services
from waremind.daemon.system.caller import Caller
from waremind.domain.duration import format_duration
from waremind.domain.ids import plain, shown
from waremind.domain.quoting import quoted
from waremind.domain.wall_time import rfc3339
from waremind.errors import ErrorCode, WaremindError
from waremind.objects import Run
from waremind.requests.core import checked
from waremind.requests.run import ReminderRun, RunChanged, RunRevoke, Send
from waremind.store import accounts as accounts_table
from waremind.store import holds as holds_table
from waremind.store import runs as table
from waremind.store.accounts import AccountRow
from waremind.store.database import Connection
from waremind.store.holds import FreezeRow
from waremind.store.runs import Wanted

LONGEST_WAIT = timedelta(days=1)


async def check_may_send(connection: Connection, account: AccountRow, now: datetime) -> None:
    """Refuse what would only be held until an operator does something else.

    Raises WaremindError `frozen` or `not_paired`; what holds for other reasons ends by itself.
    """
    why = await accounts_table.why_held(connection, account.id, now)
    label = quoted(account.label)
    if why == "unpaired":
        message = f"cannot send: account {label} is not paired"
        hint = f"waremind account pair {label}"
        raise WaremindError(ErrorCode.NOT_PAIRED, message, hint=hint)
    if why == "frozen":
        for freeze in await holds_table.select_freezes(connection):  # none: it has just ended
            if freeze.account_id in {None, account.id}:
                raise _frozen(freeze, label)


def _frozen(freeze: FreezeRow, label: str) -> WaremindError:
    what, only = ("outgoing messages are", "")
    if freeze.account_id is not None:
        what, only = (f"account {label} is", f" --account {label}")
    reason = f": {freeze.reason}" if freeze.reason else ""
    message = (
        f"cannot send: {what} frozen since {rfc3339(freeze.since)} by {freeze.operator}{reason}"
    )
    return WaremindError(ErrorCode.FROZEN, message, hint=f"waremind thaw{only}")


def patience(seconds: float) -> timedelta:
    """Return how long to wait for the end of a run. Raises WaremindError `invalid_input`."""
    if not 0 < seconds <= LONGEST_WAIT.total_seconds():
        message = f"cannot wait for {seconds:.15g} seconds: it is not more than 0 and at most a day"
        raise WaremindError(ErrorCode.INVALID_INPUT, message, hint="write it like --timeout 60s")
    return timedelta(seconds=seconds)


async def run_now(
    services: Services,
    caller: Caller,
    request: ReminderRun | RunRevoke | Send,
    run: str,
    *,
    changed: bool,
) -> RunChanged:
    """Answer with a run that can begin: at once, or when each of its deliveries has ended.

    Raises WaremindError `timed_out` with the run's id.
    """
    if request.wait:
        ended = services.waiters.ended(run)
        await _wait_ended(caller.wait(ended), run, patience(request.timeout_seconds))
    return RunChanged(changed=changed, run=await shown_run(services, run), check=checked(request))


async def _wait_ended(ended: Awaitable[None], run: str, within: timedelta) -> None:
    try:
        async with asyncio.timeout(within.total_seconds()):
            await ended
    except TimeoutError:
        message = f"cannot say how {run} ends: not all was sent within {format_duration(within)}"
        hint = f"it goes on; look at it: waremind run show {run}"
        raise WaremindError(ErrorCode.TIMED_OUT, message, hint=hint, run=run) from None


async def shown_run(services: Services, key: str, *, receipts: bool = False) -> Run:
    """Show one run, if asked with what each member has said. Raises WaremindError `not_found`."""
    async with services.database.connection() as connection:
        rows = await table.select(connection, Wanted(run=plain(key)))
        views = await runs_of(connection, rows)
        if views:
            zone = ZoneInfo(rows[0].zone)
            return await with_receipts(connection, views[0], zone) if receipts else views[0]
    message = f"cannot find run {shown(key)}: there is none with this id"
    raise WaremindError(ErrorCode.NOT_FOUND, message, hint="waremind run list")
