"""Tells of what begins and ends to need a person, from the one list that status shows.

It is written to the database, whose triggers make events of it, also over restarts. What the
database cannot take, as it is that which fails, the hook is told of directly.
"""

import asyncio
import logging

import msgspec

from waremind.daemon.services import Services
from waremind.daemon.status.hooks import Hook
from waremind.daemon.status.report import status_report
from waremind.daemon.system.logs import retry
from waremind.daemon.system.tasks import run_every
from waremind.domain.wall_time import rfc3339
from waremind.objects import StatusAttention
from waremind.requests.events import Event
from waremind.store import attention as table

log = logging.getLogger(__name__)

EVERY_SECONDS = 5.0

Key = tuple[str, str | None, str]


def _key(need: StatusAttention) -> Key:
    return need.kind, need.id, need.code


class AttentionWatch:
    """Looks now and then at what needs a person, and tells of the difference."""

    def __init__(self, services: Services, hook: Hook) -> None:
        self._services = services
        self._hook = hook
        self._written: set[Key] = set()
        self._told: dict[Key, StatusAttention] = {}  # to the hook, past the database

    async def run(self) -> None:
        """Look, for ever."""
        failures = self._services.runtime.failures
        await run_every(EVERY_SECONDS, failures, "tell of what needs a person", self.look)

    async def look(self) -> None:
        """Look once."""
        needs = (await status_report(self._services)).attention
        if await self._write(needs):
            await self._tell_of_ended({_key(need) for need in needs})
        else:
            await self._tell_of_new(needs)

    async def _write(self, needs: list[StatusAttention]) -> bool:
        """Write what needs a person; False when the database does not take it from us now.

        One node of a cluster does: any other one's own needs are told to its own hook.
        """
        if not self._services.runtime.membership.leading.is_set():
            return False
        try:
            await self._hook.place()  # before there is something to tell it of
            async with self._services.database.connection() as connection:
                await table.write(connection, needs)
        except Exception as error:  # noqa: BLE001 - whatever it is, the hook has to hear
            retry(log, "cannot write what needs a person", reason=error)
            return False
        self._written = {_key(need) for need in needs}
        return True

    async def _tell_of_new(self, needs: list[StatusAttention]) -> None:
        for need in needs:
            key = _key(need)
            if need.kind == "daemon" and key not in self._written | self._told.keys():
                self._told[key] = need
                await self._tell("attention.begun", need)

    async def _tell_of_ended(self, keys: set[Key]) -> None:
        told, self._told = self._told, {}
        for key, need in told.items():
            if key not in keys:  # else it is an event now
                await self._tell("attention.ended", need)

    async def _tell(self, type_: str, need: StatusAttention) -> None:
        """Tell the hook of an event that the database does not have: its id is 0."""
        event = Event(
            id=0,
            at=rfc3339(self._services.now()),
            type=type_,
            account=None,
            reminder=None,
            run=None,
            group=None,
            data=msgspec.to_builtins(need),
        )
        await self._hook.tell(event)


async def tell_of_attention(services: Services) -> None:
    """Watch what needs a person, and run the hooks, for ever."""
    attention = Hook(services, "attention")
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(AttentionWatch(services, attention).run())
        tasks.create_task(attention.run())
        tasks.create_task(Hook(services, "events").run())
