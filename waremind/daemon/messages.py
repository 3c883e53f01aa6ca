"""What arrives in an account's inbox: commands, a session's reports, and the daemon's signals."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime

from waremind.domain.lifecycle import Cause, State
from waremind.objects import Operator
from waremind.store.accounts import AccountRow, Belongings
from waremind.whatsapp.reports import AnyReport


@dataclass(frozen=True, slots=True)
class PairingTerms:
    """What an operator allows a pairing to be."""

    timeout_seconds: float = 160
    phone: str | None = None  # digits: a pairing code for this number instead of a QR
    expect: str | None = None  # "+" and digits: no other phone may scan
    new_number: bool = False


@dataclass(frozen=True, slots=True)
class Turn:
    """How a command ended: the row now, and whether it changed.

    `device_removed` is done when the session that the command ended is gone; `synced` when the
    groups that it asked for are stored, with whether they changed.
    """

    row: AccountRow
    changed: bool
    belongings: Belongings | None = None  # what goes with a deleted account
    device_removed: asyncio.Future[bool] | None = None
    synced: asyncio.Future[bool] | None = None


def _future() -> asyncio.Future[Turn]:
    return asyncio.get_running_loop().create_future()


@dataclass(frozen=True, slots=True)
class Command:
    """What an operator asks; `done` gets the Turn, or the WaremindError that refuses it."""

    cause: Cause
    operator: Operator
    terms: PairingTerms | None = None
    check: bool = False
    done: asyncio.Future[Turn] = field(default_factory=_future)


@dataclass(frozen=True, slots=True)
class Rename:
    """A new label; beside the life cycle, but one writer a row."""

    label: str
    operator: Operator
    check: bool = False
    done: asyncio.Future[Turn] = field(default_factory=_future)


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


Message = Command | Rename | Signal | Restricted | AnyReport
