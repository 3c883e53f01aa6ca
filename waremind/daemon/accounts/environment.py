"""What every account needs from the daemon around it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from waremind.daemon.accounts.sessions import SessionPlace
from waremind.daemon.system.runtime import WithRuntime
from waremind.store.accounts import AccountRow
from waremind.whatsapp.gateway import Session
from waremind.whatsapp.reports import GroupChanged, GroupLeft, GroupStale, Receipt

SideReport = GroupChanged | GroupStale | GroupLeft | Receipt


class ReportSink(Protocol):
    """Hears what sessions report beside an account's life: groups and receipts."""

    async def hear(self, row: AccountRow, report: SideReport, session: Session | None) -> None:
        """Store what a session tells. Raises WaremindError `database_unavailable`."""
        ...

    async def sync(self, row: AccountRow, session: Session, *, forced: bool) -> bool:
        """Fetch and store all groups, unless that was done lately and is not `forced`.

        Tells whether anything changed. Raises what Session.groups raises.
        """
        ...


@dataclass(frozen=True, slots=True)
class AccountEnvironment(WithRuntime):
    """What every account needs; `chance` gives a number in [0, 1)."""

    place: SessionPlace
    sink: ReportSink
    tasks: asyncio.TaskGroup
    chance: Callable[[], float]
