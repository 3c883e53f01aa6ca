"""Gives accounts to other nodes, a few at a time: what is leaving is written, and keys are kept.

Which ones, the membership says: it knows the shares.
"""

import asyncio
import logging
from collections.abc import Sequence

from waremind.daemon.accounts.registry import Accounts
from waremind.daemon.delivery.revoker import Revoker
from waremind.daemon.delivery.sender import Sender
from waremind.daemon.system.changes import Subscriber
from waremind.daemon.system.logs import event
from waremind.daemon.system.runtime import Runtime
from waremind.daemon.system.tasks import run_forever
from waremind.store.ownership import UNDER_WAY

log = logging.getLogger(__name__)

RETRY_SECONDS = 1.0  # with a database that is away
AT_ONCE = 8  # then it is seen anew which ones there are too many


class GivingAway(Subscriber):
    """Ends the sessions of accounts that other nodes are to have."""

    def __init__(
        self, runtime: Runtime, accounts: Accounts, sender: Sender, revoker: Revoker
    ) -> None:
        self._failures = runtime.failures
        self._accounts = accounts
        self._sender = sender
        self._revoker = revoker
        self._surplus: list[str] = []
        self._woken = asyncio.Event()

    def accounts_surplus(self, accounts: Sequence[str]) -> None:
        """Hear which accounts to give away."""
        self._surplus = list(accounts)
        if accounts:
            self._woken.set()

    async def run(self) -> None:
        """Give away, for ever."""
        await run_forever(
            self._failures,
            "give accounts away",
            self._round,
            self._sleep,
            patience_seconds=RETRY_SECONDS,
        )

    async def _round(self) -> bool:
        """Give some away; others when it has been seen anew that there are too many."""
        self._woken.clear()
        surplus = self._surplus
        for begin in range(0, len(surplus), AT_ONCE):
            if await self._give_each(surplus[begin : begin + AT_ONCE]):
                break
        self._surplus = []  # also what was seen while these were on their way
        return False

    async def _sleep(self) -> None:
        await self._woken.wait()

    async def _give_each(self, accounts: Sequence[str]) -> bool:
        """Tell whether any could be given; raises what kept the first one, when all are done."""
        ended = await asyncio.gather(*map(self._give, accounts), return_exceptions=True)
        for each in ended:
            if isinstance(each, BaseException):
                raise each
        return any(ended)

    async def _give(self, account: str) -> bool:
        async with self._sender.at_rest(account) as all_written:
            with self._revoker.at_rest(account) as none_deleted:
                found = self._accounts.find(account)
                if not (found and all_written and none_deleted):
                    return False
                if found.row.state in UNDER_WAY:
                    return False
                given = await self._accounts.give_away(found)
        if given:
            event(log, "given away", account=found.row.label, session=found.row.session)
        return given
