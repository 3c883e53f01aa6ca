"""Who asks next: one of each asker after the other, however many of one are waiting."""

import asyncio
from collections import deque
from contextvars import ContextVar

# The uid for which the running task works; None: the daemon itself.
asker: ContextVar[int | None] = ContextVar("asker", default=None)


class FairLock:
    """A lock for an `async with`; of those who wait for it each asker has it once in a round."""

    def __init__(self) -> None:
        self._is_held = False
        # The asker whose place was given last is the last one here.
        self._waiting: dict[int | None, deque[asyncio.Future[None]]] = {}

    async def __aenter__(self) -> None:
        """Wait for it."""
        if not self._is_held:
            self._is_held = True
            return
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(asker.get(), deque()).append(place)
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self._release()
            raise

    async def __aexit__(self, *_: object) -> None:
        """Give it to the next."""
        self._release()

    def _release(self) -> None:
        while self._waiting:
            who = next(iter(self._waiting))
            places = self._waiting.pop(who)
            place = places.popleft()
            if places:
                self._waiting[who] = places
            if not place.done():  # nobody has given up waiting there
                place.set_result(None)
                return
        self._is_held = False
