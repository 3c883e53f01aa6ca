"""What this daemon has written of late: a server that fails over may have lost the end of it.

It counts in time before the last thing that was written, as outages may be long.
"""

import logging
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from waremind.daemon.system.clock import Clock
from waremind.daemon.system.logs import event
from waremind.store import reassertion
from waremind.store.database import Connection
from waremind.store.deliveries import Able, Ending
from waremind.store.reassertion import WrittenClaim, WrittenDelivery
from waremind.store.refusals import is_the_servers
from waremind.store.sending import Sending
from waremind.whatsapp.deadline import boottime

log = logging.getLogger(__name__)

KEPT_SECONDS = 60.0
# These are decided anew, from what is there.
DECIDED_ANEW = frozenset({"scheduled", "held"})

Key = tuple[str, str]  # run and group


class _Mark(NamedTuple):
    """Who sends a delivery, in which attempt and since when; not its text, which may be long."""

    account_id: str
    node_id: str
    node: str | None
    session: int
    attempts: int
    started_at: datetime


class _Kept(NamedTuple):
    """A delivery that was marked, and how it ended if it did; `at` says when that was written."""

    at: float
    mark: _Mark
    ending: Ending | None = None


class Recent:
    """What was claimed, marked and ended, in the order in which PostgreSQL took it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._claims: deque[tuple[float, WrittenClaim]] = deque()
        self._deliveries: dict[Key, _Kept] = {}

    def claimed(self, claim: WrittenClaim) -> None:
        """Remember runs that were made."""
        if not claim.runs:
            return
        at = boottime()
        self._claims.append((at, claim))
        while self._claims[0][0] < at - KEPT_SECONDS:
            self._claims.popleft()

    def written(self, endings: Iterable[Ending], marked: Iterable[Sending], able: Able) -> None:
        """Remember how deliveries ended, and which are being sent now."""
        at = boottime()
        for one in endings:
            found = self._deliveries.pop((one.run_id, one.group_id), None)
            if found and one.status not in DECIDED_ANEW:
                self._deliveries[one.run_id, one.group_id] = _Kept(at, found.mark, one)
        for one in marked:
            key = one.run_id, one.group_id
            self._deliveries.pop(key, None)  # the newest come last
            who = one.account_id, able.node, able.name, one.session
            self._deliveries[key] = _Kept(at, _Mark(*who, one.attempts, one.started_at))
        self._forget(at - KEPT_SECONDS)

    def taken_back(self, accounts: Sequence[str]) -> None:
        """Forget what was marked of these accounts: nothing was sent."""
        gone = [
            key
            for key, kept in self._deliveries.items()
            if kept.ending is None and kept.mark.account_id in accounts
        ]
        for key in gone:
            del self._deliveries[key]

    def _forget(self, before: float) -> None:
        while self._deliveries:
            key, kept = next(iter(self._deliveries.items()))
            if kept.at >= before:
                return
            del self._deliveries[key]

    async def reassert(self, connection: Connection) -> None:
        """Write anew what a server has lost of it; raises what psycopg raises when that is away."""
        if not (self._claims or self._deliveries):
            return
        try:
            async with connection.transaction():
                runs, deliveries = await self._write(connection, self._clock.now())
        except Exception as error:
            if is_the_servers(error):
                raise
            log.exception("a bug")  # better to go on without than never to send again
            return
        if runs or deliveries:
            event(
                log,
                "the database had lost what it had committed: written again",
                logging.WARNING,
                runs=runs,
                deliveries=deliveries,
            )

    async def _write(self, connection: Connection, now: datetime) -> tuple[int, int]:
        claims = [claim for _, claim in self._claims]
        written = [_delivery(key, kept) for key, kept in self._deliveries.items()]
        runs = await reassertion.claim_again(connection, claims, now)
        return runs, await reassertion.write_again(connection, written, now)


def _delivery(key: Key, kept: _Kept) -> WrittenDelivery:
    run, group = key
    marked = WrittenDelivery(run_id=run, group_id=group, **kept.mark._asdict())
    if (ending := kept.ending) is None:
        return marked
    return replace(
        marked,
        status=ending.status,
        reason=ending.reason,
        detail=ending.detail,
        message_id=ending.message_id,
        finished_at=ending.now,
    )
