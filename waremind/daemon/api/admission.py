"""How much one Unix user may ask for at once, so that nobody can starve the others.

Counted by uid are connections, the weight of requests whose answer is not written yet, and the
bytes of requests that are longer than usual. Who has too many is `busy`: at once, or after a wait.
"""

import asyncio
import logging
import time
from typing import NamedTuple

from waremind.daemon.system.logs import event
from waremind.errors import ErrorCode, WaremindError

log = logging.getLogger(__name__)

CONNECTIONS = 128
FILL = 4  # so many uids it takes at least to fill the daemon

# What a request weighs: one that reads little, one that has a rule computed, one that lists.
LIGHT, RULE, LIST = 1, 2, 4
WEIGHT = 16  # of all requests of a uid that are under way
HEAVY_WEIGHT = 12  # as far as they are not light: for those there is always room left
SEAT_WEIGHT = 4  # of one connection
WAIT_SECONDS = 10.0

LOG_SECONDS = 60.0

LINE_BYTES = 4 << 20  # of long requests that are not read to their end
ALL_LINE_BYTES = 16 << 20  # of everybody's


class Place(NamedTuple):
    """A request that waits until there is room for its weight."""

    weight: int
    granted: asyncio.Future[None]


class Share:
    """What one uid has of the daemon."""

    def __init__(self, uid: int) -> None:
        self.uid = uid
        self.connections = 0
        self.line_bytes = 0
        self._weight = 0
        self._waiting: list[Place] = []
        self._refusals = 0
        self._told_at = -LOG_SECONDS

    def take(self, weight: int) -> bool:
        """Take room for a weight; False when there is none."""
        has_room = self._weight + weight <= (WEIGHT if weight == LIGHT else HEAVY_WEIGHT)
        if has_room:
            self._weight += weight
        return has_room

    def take_back(self, weight: int) -> None:
        """Take room again that was given while its request waited: it was let in before."""
        self._weight += weight

    def give(self, weight: int) -> None:
        """Give room back, to whoever has waited longest for as much as there is now."""
        self._weight -= weight
        # Who has hung up is still in the queue for a moment, and wants nothing any more.
        waiting = [place for place in self._waiting if not place.granted.done()]
        for place in [place for place in waiting if self.take(place.weight)]:
            self._waiting.remove(place)
            place.granted.set_result(None)

    async def wait_for(self, weight: int) -> None:
        """Take room for a weight as soon as there is. Raises TimeoutError."""
        if self.take(weight):
            return
        place = Place(weight, asyncio.get_running_loop().create_future())
        self._waiting.append(place)
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await place.granted
        except BaseException:
            if place in self._waiting:
                self._waiting.remove(place)
            else:
                self.give(weight)
            raise

    def busy(self, what: str, reason: str, hint: str) -> WaremindError:
        """Make a refusal; who is refused may come back a thousand times: log it now and then."""
        self._refusals += 1
        if time.monotonic() - self._told_at >= LOG_SECONDS:
            event(log, "busy", logging.WARNING, uid=self.uid, cannot=what, times=self._refusals)
            self._told_at, self._refusals = time.monotonic(), 0
        message = f"cannot {what} for uid {self.uid}: {reason}"
        return WaremindError(ErrorCode.BUSY, message, hint=hint)


class Admission:
    """Lets clients in, `connections` of them at most."""

    def __init__(self, connections: int) -> None:
        self._most = connections
        self._most_of_one = min(CONNECTIONS, max(1, connections // FILL))
        self._shares: dict[int, Share] = {}

    def enter(self, uid: int) -> "Seat":
        """Let one more connection of a uid in. Raises WaremindError `busy`."""
        share = self._shares.setdefault(uid, Share(uid))
        everybody = sum(each.connections for each in self._shares.values())
        if share.connections >= self._most_of_one:
            raise share.busy(
                "open a connection",
                f"it has {share.connections} already, as many as one Unix user may",
                "close some of them; who has asked and is answered makes room at once",
            )
        if everybody >= self._most:
            raise share.busy(
                "open a connection",
                f"there are {everybody} already, as many as the daemon can take",
                "try again when others have ended; the daemon's log says whose they are",
            )
        share.connections += 1
        return Seat(self, share)

    def leave(self, share: Share) -> None:
        """Let a connection go; nothing is kept of a uid that has none."""
        share.connections -= 1
        if not share.connections:
            del self._shares[share.uid]

    def charge(self, share: Share, more: int) -> bool:
        """Charge bytes of a long request, or (below zero) give them back; False: too many."""
        everybody = sum(each.line_bytes for each in self._shares.values()) + more
        if more > 0 and (share.line_bytes + more > LINE_BYTES or everybody > ALL_LINE_BYTES):
            return False
        share.line_bytes += more
        return True


class Seat:
    """One connection's part of its uid's share."""

    def __init__(self, admission: Admission, share: Share) -> None:
        self._admission = admission
        self._share = share
        self._weight = 0
        self._line_bytes = 0
        self._freed = asyncio.Event()

    @property
    def uid(self) -> int:
        """Whose connection it is."""
        return self._share.uid

    def leave(self) -> None:
        """Give everything back."""
        self.hold(0)
        self._admission.leave(self._share)

    def try_begin(self, weight: int) -> bool:
        """Begin a request if there is room for it now."""
        if self._weight + weight > SEAT_WEIGHT or not self._share.take(weight):
            return False
        self._weight += weight
        return True

    async def begin(self, weight: int, method: str) -> None:
        """Begin a request as soon as there is room for it.

        Raises WaremindError `busy` when others of the same uid have left none for too long.
        """
        while self._weight + weight > SEAT_WEIGHT:
            self._freed.clear()
            await self._freed.wait()
        try:
            await self._share.wait_for(weight)
        except TimeoutError:
            raise self._share.busy(
                f"answer {method}",
                f"it asks for too much at once, and waited {WAIT_SECONDS:g} s for room",
                f"a Unix user has room for {WEIGHT} requests, of which a list counts {LIST} and a "
                f"preview {RULE}; ask for less at once, or again in {WAIT_SECONDS:g} s",
            ) from None
        self._weight += weight

    def end(self, weight: int) -> None:
        """Make room again."""
        self._weight -= weight
        self._freed.set()
        self._share.give(weight)

    def resume(self, weight: int) -> None:
        """Go on with a request that has ended its work for a while."""
        self._weight += weight
        self._share.take_back(weight)

    def hold(self, line_bytes: int) -> None:
        """Hold so much of a long request from now on. Raises WaremindError `busy`."""
        if not self._admission.charge(self._share, line_bytes - self._line_bytes):
            raise self._share.busy(
                "read the request",
                "it has too many long ones under way",
                f"a Unix user has {LINE_BYTES >> 20} MiB for them, all together "
                f"{ALL_LINE_BYTES >> 20} MiB; send less at once, or try again in a moment",
            )
        self._line_bytes = line_bytes
