"""Who follows the events of a daemon without its socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from delivery.clockwork import NOTHING, Engine, wait

from waremind.daemon.api.handlers.events import events
from waremind.daemon.system.caller import Caller
from waremind.objects import Operator
from waremind.requests.events import Event, Events, EventsEnd, EventsOverflow


class Reader:
    """A caller that keeps what it is told; `room` is for how many events it reads."""

    def __init__(self, room: float = float("inf")) -> None:
        self.told: list[Event] = []
        self._room = room
        self._heard = asyncio.Condition()
        self.caller = Caller(Operator(0, "root"), self._emit, self._has_room, wait, NOTHING)

    async def _emit(self, event: Any) -> None:
        async with self._heard:
            self.told.append(event)
            self._heard.notify_all()

    async def _has_room(self) -> bool:
        return len(self.told) < self._room

    async def ask(self, engine: Engine, **fields: Any) -> EventsEnd | EventsOverflow:
        return await events(engine.daemon, self.caller, Events(**fields))

    async def hears(self, type_: str) -> Event:
        """Wait for the first event of a type that was not waited for yet."""
        async with asyncio.timeout(20), self._heard:
            await self._heard.wait_for(lambda: any(each.type == type_ for each in self.told))
        return next(each for each in self.told if each.type == type_)


async def all_events(engine: Engine, **fields: Any) -> list[Event]:
    """List what happened."""
    reader = Reader()
    await reader.ask(engine, **fields)
    return reader.told


@asynccontextmanager
async def following(engine: Engine, **fields: Any) -> AsyncIterator[Reader]:
    """Follow from now on, or `since`."""
    reader = Reader()
    begun = await Reader().ask(engine, since="0s")
    asked = {"since": str(begun.resume), "follow": True, **fields}
    task = asyncio.create_task(reader.ask(engine, **asked))
    try:
        yield reader
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
