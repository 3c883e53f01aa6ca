"""Hears what sessions report beside an account's life, and hands it to whom it concerns."""

from waremind.daemon.context import Beside
from waremind.daemon.groups import Groups
from waremind.daemon.receipts import Receipts
from waremind.store.accounts import AccountRow
from waremind.whatsapp.gateway import Session
from waremind.whatsapp.reports import Receipt


class SessionListener:
    """Groups and receipts, as the accounts' Listener."""

    def __init__(self, groups: Groups, receipts: Receipts) -> None:
        self._groups = groups
        self._receipts = receipts

    async def hear(self, row: AccountRow, report: Beside, session: Session | None) -> None:
        """Store what a session tells."""
        if isinstance(report, Receipt):
            await self._receipts.hear(row, report)
        else:
            await self._groups.hear(row, report, session)

    async def sync(self, row: AccountRow, session: Session, *, forced: bool) -> bool:
        """Fetch and store all groups."""
        return await self._groups.sync(row, session, forced=forced)
