"""Answers that are the same for all who ask at once: computed once for them."""

import asyncio
from typing import Any

from waremind.daemon.api.places import Handler
from waremind.daemon.services import Services
from waremind.daemon.system.caller import Caller


class Shared:
    """A handler that answers all who ask while it is at work with the next answer, not with that.

    What is being computed may have been read before somebody's last command; the next is not.
    """

    def __init__(self, answer: Handler) -> None:
        self._answer = answer
        self._next: asyncio.Task[Any] | None = None
        self._working = asyncio.Lock()

    async def __call__(self, services: Services, caller: Caller, request: Any) -> Any:
        """Answer with what is begun from now on."""
        if self._next is None:
            self._next = asyncio.create_task(self._begin(services, caller, request))
            self._next.add_done_callback(_hear)
        return await asyncio.shield(self._next)

    async def _begin(self, services: Services, caller: Caller, request: Any) -> Any:
        async with self._working:
            self._next = None
            return await self._answer(services, caller, request)


def _hear(done: asyncio.Task[Any]) -> None:
    """Take note of a failure: nobody may be left to be told of it."""
    if not done.cancelled():
        done.exception()
