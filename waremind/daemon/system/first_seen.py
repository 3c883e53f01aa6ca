"""Since when something is so that only a look can find, and that has no moment of its own."""

from collections.abc import Collection
from datetime import datetime


class FirstSeen:
    """What was found at each look, by what was looked for, and since when it has been there."""

    def __init__(self) -> None:
        self._seen: dict[str, dict[str, datetime]] = {}

    def since(self, what: str, found: Collection[str], now: datetime) -> dict[str, datetime]:
        """Take note of all that a look for `what` has found; says since when each is there."""
        before = self._seen.get(what, {})
        self._seen[what] = {each: before.get(each, now) for each in found}
        return self._seen[what]
