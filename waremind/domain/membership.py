"""When a node may act for its accounts, and when others may take them: by its own clock each.

No two clocks are compared for that. Seconds are those of a clock that also counts while a machine
sleeps.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

# Between the end of a node's lease and the first moment at which another one calls it lost.
MARGIN_SECONDS = 1.0
# How far a node's clock may be off the database's: further needs a person, much further acts for no
# account, as what is due would be sent at a wrong time.
CLOCK_OFF = timedelta(seconds=2)
CLOCK_WRONG = timedelta(seconds=30)


class Lease:
    """Until when a node may act: it has to show a sign of life in time, and be told it still leads.

    It counts from before the sign was sent, so that whoever has seen it counts from a later moment.
    """

    def __init__(self, lease_seconds: float) -> None:
        self._seconds = lease_seconds - MARGIN_SECONDS
        self.until = float("-inf")

    def renew(self, sent_at: float) -> None:
        """Take note that a sign of life that was sent then has arrived."""
        self.until = max(self.until, sent_at + self._seconds)

    def end(self) -> None:
        """Take note that another node leads."""
        self.until = float("-inf")

    def holds(self, at: float) -> bool:
        """Tell whether the node may act at a moment."""
        return at < self.until


class Sign(NamedTuple):
    """A node's last sign of life, by its number, and the lease that it goes by."""

    beat: int
    lease_seconds: float


@dataclass(frozen=True, slots=True)
class _Seen:
    """The sign that a node was seen with, and for how long it has been the last one."""

    sign: Sign
    since: float

    def is_silent(self, at: float, margin_seconds: float = 0.0) -> bool:
        return at - self.since >= self.sign.lease_seconds - margin_seconds


class Watch:
    """What a node has seen of the others' signs of life."""

    def __init__(self) -> None:
        self._seen: dict[str, _Seen] = {}

    def see(self, signs: Mapping[str, Sign], at: float) -> None:
        """Take note of all signs (by node) as they were read, by a question answered at `at`."""
        before = self._seen
        self._seen = {
            node: before[node] if node in before and before[node].sign == sign else _Seen(sign, at)
            for node, sign in signs.items()
        }

    def lose_sight(self) -> None:
        """Begin to count anew: the database did not answer, to the others neither perhaps."""
        self._seen.clear()

    def lost(self, at: float) -> dict[str, int]:
        """Name the nodes without a sign of life for a whole lease of theirs, with their last beat.

        Whoever takes their accounts has to find them at that beat still.
        """
        return {node: seen.sign.beat for node, seen in self._seen.items() if seen.is_silent(at)}

    def mute(self, at: float) -> set[str]:
        """Name the nodes that have shown no sign of life for so long that they may not act."""
        return {node for node, seen in self._seen.items() if seen.is_silent(at, MARGIN_SECONDS)}
