"""The names of Unix users; a name service that never answers keeps nobody waiting."""

import asyncio
import pwd
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from waremind.objects import Operator

NAME_SECONDS = 1.0
KEPT_SECONDS = 300.0


@dataclass(slots=True)
class _Entry:
    name: str | None = None
    looked_up_at: float = -KEPT_SECONDS
    looking: asyncio.Future[None] | None = None


def name_of(uid: int) -> str | None:
    """Look up the name of a Unix user; None where it has none. May take as long as it likes."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return None


class Operators:
    """Names operators by their uid, on the `node` of a cluster.

    It asks in threads of its own, one for each uid at a time. Not in asyncio's: a few that hang
    would keep everything else that is done there from being done, and the daemon from ending.
    """

    def __init__(
        self, node: str | None = None, look_up: Callable[[int], str | None] = name_of
    ) -> None:
        self._node = node
        self._look_up = look_up
        self._entries: dict[int, _Entry] = {}

    async def operator(self, uid: int) -> Operator:
        """Name a uid; by its last known name, if the name service is too slow, or by none."""
        entry = self._entries.setdefault(uid, _Entry())
        if time.monotonic() - entry.looked_up_at >= KEPT_SECONDS:
            entry.looking = entry.looking or self._start(uid, entry)
            await asyncio.wait([entry.looking], timeout=NAME_SECONDS)
            entry.looked_up_at = time.monotonic()
        return Operator(uid, entry.name, self._node)

    def _start(self, uid: int, entry: _Entry) -> asyncio.Future[None]:
        loop = asyncio.get_running_loop()
        looking: asyncio.Future[None] = loop.create_future()

        def found(name: str | None) -> None:
            entry.name, entry.looking = name, None
            looking.set_result(None)

        def look() -> None:
            loop.call_soon_threadsafe(found, self._look_up(uid))

        threading.Thread(target=look, name=f"name of {uid}", daemon=True).start()
        return looking
