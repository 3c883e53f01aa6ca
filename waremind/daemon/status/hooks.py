"""Tells the operator's programs of events: one after the other, and never in anybody's way.

What a hook was told up to is kept, so that it misses nothing while the daemon is down. A program
that the daemon's end has cut off hears its event again: the id says so.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Literal

import msgspec

from waremind.daemon.services import Services
from waremind.daemon.system.event_feed import event_of
from waremind.daemon.system.logs import event as log_event
from waremind.daemon.system.program import run_program
from waremind.daemon.system.tasks import run_forever
from waremind.domain.events import types_of
from waremind.requests.events import Event
from waremind.settings import Hooks
from waremind.store import events as events_table
from waremind.store import hooks as table

log = logging.getLogger(__name__)

# With a database that is away, until it looks whether it is wanted, and after a program has failed:
# to start that for each event would take the machine from those who send.
RETRY_SECONDS = 1.0
MOST_BEHIND = 500  # events: a program that is slower than they come is not told of all


class Hook:
    """One program of the configuration, and the events that it is told of, in order."""

    def __init__(self, services: Services, name: Literal["attention", "events"]) -> None:
        self._services = services
        self._name = name
        self._is_known = True  # the table may have it: a daemon before us has told it
        self._running = asyncio.Lock()

    @property
    def _hooks(self) -> Hooks:
        return self._services.settings.hooks

    @property
    def _command(self) -> Sequence[str]:
        return self._hooks.attention if self._name == "attention" else self._hooks.events

    @property
    def _types(self) -> list[str]:
        return types_of(("attention.*",) if self._name == "attention" else self._hooks.types)

    async def run(self) -> None:
        """Tell the program of what happens, for ever."""
        await run_forever(
            self._services.runtime.failures,
            f"run the hook {self._name}",
            self._round,
            self._sleep,
            patience_seconds=RETRY_SECONDS,
        )

    async def _sleep(self) -> None:
        await asyncio.sleep(RETRY_SECONDS)

    async def _round(self) -> bool:
        if not self._command:
            await self._forget()
            return False
        self._is_known = True
        leading = self._services.runtime.membership.leading
        await leading.wait()  # one node tells of what happens on all
        after = await self.place()
        until = await self._services.feed.beyond(after)
        if not leading.is_set():
            return True
        async with self._services.database.connection() as connection:
            rows = await events_table.select(connection, after, until, self._types, MOST_BEHIND + 1)
        if len(rows) > MOST_BEHIND:
            self._log("hook is too slow: it is not told of what has happened", up_to=until)
        else:
            for row in rows:
                is_well = await self.tell(event_of(row))
                await self._keep(row.id)
                if not is_well:
                    await self._sleep()
        await self._keep(until)
        return True

    async def place(self) -> int:
        """Return up to which event it was told; one that is new is told of what comes from now.

        Without a program that is none.
        """
        if not self._command:
            return 0
        async with self._services.database.connection() as connection:
            after = await table.told_up_to(connection, self._name)
            if after is None:
                after = await events_table.last(connection)
                await table.keep(connection, self._name, after)
        return after

    async def tell(self, event: Event) -> bool:
        """Run the program once, when there is one; its failure is logged. False: it has failed."""
        async with self._running:
            if not (command := self._command):  # a reload may have taken it away by now
                return True
            reason = await run_program(command, msgspec.json.encode(event) + b"\n")
        if reason:
            self._log("hook failed", event=event.id, type=event.type, reason=reason)
        return not reason

    def _log(self, what: str, **fields: object) -> None:
        log_event(log, what, logging.WARNING, hook=self._name, **fields)

    async def _keep(self, up_to: int) -> None:
        async with self._services.database.connection() as connection:
            await table.keep(connection, self._name, up_to)

    async def _forget(self) -> None:
        if self._is_known:
            async with self._services.database.connection() as connection:
                await table.forget(connection, self._name)
            self._is_known = False
