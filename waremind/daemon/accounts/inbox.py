"""What arrives in an account's inbox: commands, a session's reports, and the daemon's signals."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count

from waremind.domain.lifecycle import Cause, State
from waremind.objects import Operator
from waremind.store.accounts import AccountRow, Belongings
from waremind.whatsapp.reports import AnyReport, Identity


@dataclass(frozen=True, slots=True)
class PairingOptions:
    """What an operator allows a pairing to be."""

    timeout_seconds: float = 160
    phone: str | None = None  # digits: a pairing code for this number instead of a QR
    expect: str | None = None  # "+" and digits: no other phone may scan
    new_number: bool = False


@dataclass(frozen=True, slots=True)
class Keys:
    """A device that another program has linked: who it is, and its store, which was checked."""

    identity: Identity
    image: bytes
    exclusive: bool  # its ratchets are in the store, too


@dataclass(frozen=True, slots=True)
class CommandResult:
    """How a command ended: the row now, and whether it changed.

    `device_removed` is done when the session that the command ended is gone; `synced` when the
    groups that it asked for are stored, with whether they changed.
    """

    row: AccountRow
    changed: bool
    belongings: Belongings | None = None  # what goes with a deleted account
    device_removed: asyncio.Future[bool] | None = None
    synced: asyncio.Future[bool] | None = None


def _future() -> asyncio.Future[CommandResult]:
    return asyncio.get_running_loop().create_future()


@dataclass(frozen=True, slots=True)
class Command:
    """What an operator asks; `done` gets the result, or the WaremindError that refuses it.

    `keys` come with an import. An export names the `device` whose keys were handed out.
    """

    cause: Cause
    operator: Operator
    options: PairingOptions | None = None
    keys: Keys | None = None
    device: int | None = None
    check: bool = False
    done: asyncio.Future[CommandResult] = field(default_factory=_future)

    @property
    def detail(self) -> dict[str, object]:
        """What the audit log says of it beside who asked what."""
        if self.keys:
            return {"jid": self.keys.identity.jid, "exclusive": self.keys.exclusive}
        return {"move": True, "arrived": True} if self.cause is Cause.EXPORT else {}


@dataclass(frozen=True, slots=True)
class Rename:
    """A new label; beside the life cycle, but one writer a row."""

    label: str
    operator: Operator
    check: bool = False
    done: asyncio.Future[CommandResult] = field(default_factory=_future)


@dataclass(frozen=True, slots=True)
class Signal:
    """A timer or the daemon itself; means nothing once session or state have moved on."""

    cause: Cause
    session: int
    state: State


@dataclass(frozen=True, slots=True)
class Restricted:
    """WhatsApp refused a send of the session: it lets the account send no more until then."""

    session: int
    until: datetime


@dataclass(frozen=True, slots=True)
class Unheard:
    """The stored row is another: what was written while nobody could hear that it was."""

    session: int


@dataclass(frozen=True, slots=True)
class Claimed:
    """The account is this node's, by a row that another one may have written."""

    row: AccountRow


@dataclass(frozen=True, slots=True)
class LetGo:
    """The account is this node's no longer: `given` away in order, or taken."""

    given: bool = False


Message = Command | Rename | Signal | Restricted | Unheard | Claimed | LetGo | AnyReport


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
