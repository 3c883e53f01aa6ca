"""What waits for an account to handle it: operators first, then all else in its order."""

import asyncio
from collections.abc import Iterator
from itertools import count

from waremind.daemon.messages import Command, Message, Rename

# News of groups and receipts beyond this are not kept: the session that says so much is ended.
FLOOD = 20_000


class Inbox:
    """The messages to one account; an operator never waits behind what WhatsApp tells."""

    def __init__(self) -> None:
        self._messages: asyncio.PriorityQueue[tuple[bool, int, Message]] = asyncio.PriorityQueue()
        self._numbers = count()

    def __len__(self) -> int:
        """Count what waits."""
        return self._messages.qsize()

    def post(self, message: Message) -> None:
        """Put a message in."""
        last = not isinstance(message, Command | Rename)
        self._messages.put_nowait((last, next(self._numbers), message))

    async def next(self, within_seconds: float | None) -> Message | None:
        """Wait for the next message; None when none has come in time (None: wait for ever)."""
        try:
            async with asyncio.timeout(within_seconds):
                return (await self._messages.get())[-1]
        except TimeoutError:
            return None

    def rest(self) -> Iterator[Message]:
        """Take out all that waits."""
        while self._messages.qsize():
            yield self._messages.get_nowait()[-1]
