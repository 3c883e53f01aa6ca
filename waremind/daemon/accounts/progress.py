"""How an account's life is followed while it goes on: each new row, and each code to pair with."""

import asyncio

from waremind.store.accounts import AccountRow
from waremind.whatsapp.reports import Code

Progress = AccountRow | Code


class ProgressFeed:
    """Gives all progress of one account to everybody who has subscribed."""

    def __init__(self) -> None:
        self._watchers: set[asyncio.Queue[Progress]] = set()

    def watch(self) -> asyncio.Queue[Progress]:
        """Subscribe to every new row and code; `unwatch` ends it."""
        queue: asyncio.Queue[Progress] = asyncio.Queue()
        self._watchers.add(queue)
        return queue

    def unwatch(self, queue: asyncio.Queue[Progress]) -> None:
        """End a subscription."""
        self._watchers.discard(queue)

    def publish(self, progress: Progress) -> None:
        """Tell all subscribers."""
        for queue in self._watchers:
            queue.put_nowait(progress)
