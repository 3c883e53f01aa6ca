"""Keeps the stored groups as WhatsApp says they are: by a sync, and by its own events."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from waremind.daemon.accounts.environment import SideReport
from waremind.daemon.system.tasks import spawn
from waremind.domain.ids import canonical, new_id
from waremind.store import accounts as accounts_table
from waremind.store import groups as table
from waremind.store.accounts import AccountRow
from waremind.store.database import Database
from waremind.store.groups import GroupRow, SeenGroup
from waremind.whatsapp.gateway import Session
from waremind.whatsapp.reports import GroupChanged, GroupLeft, GroupSnapshot, GroupStale

# Group queries are rate limited: by itself the daemon asks no more often.
SYNCED_WITHIN = timedelta(hours=1)


class Groups:
    """Hears of groups and fetches them; writes only for the session that still is the current."""

    def __init__(
        self, database: Database, tasks: asyncio.TaskGroup, now: Callable[[], datetime]
    ) -> None:
        self._database = database
        self._tasks = tasks
        self._now = now
        self._looking: set[tuple[str, str]] = set()

    async def sync(self, row: AccountRow, session: Session, *, forced: bool) -> bool:
        """Fetch and store all groups, unless that was done lately and is not `forced`."""
        if not forced and await self._is_recent(row):
            return False
        seen = [_seen(group) for group in await session.groups()]
        async with self._database.transaction() as connection:
            if not await accounts_table.holds_session(connection, row.id, session.number):
                return False
            before = _essence(await table.select(connection, row.id))
            now = self._now()
            await table.upsert(connection, row.id, seen, now)
            await table.mark_others_left(connection, row.id, [group.jid for group in seen], now)
            await accounts_table.note_synced(connection, row.id, now)
            return before != _essence(await table.select(connection, row.id))

    async def _is_recent(self, row: AccountRow) -> bool:
        async with self._database.connection() as connection:
            synced = await accounts_table.groups_synced_at(connection, row.id)
        if synced is None or (row.linked_at and synced < row.linked_at):
            return False
        return self._now() - synced < SYNCED_WITHIN

    async def hear(self, row: AccountRow, report: SideReport, session: Session | None) -> None:
        """Store what a session tells of one group."""
        match report:
            case GroupChanged():
                await self._store(row, [report.group])
            case GroupLeft():
                await self._leave(row, report.jid)
            case GroupStale() if session and (row.id, report.jid) not in self._looking:
                self._looking.add((row.id, report.jid))
                spawn(self._tasks, self._look(row, report.jid, session))
            case _:
                pass

    async def _look(self, row: AccountRow, jid: str, session: Session) -> None:
        self._looking.discard((row.id, jid))  # what changes from now on is worth another look
        group = await session.group(jid)
        await (self._store(row, [group]) if group else self._leave(row, jid))

    async def _store(self, row: AccountRow, groups: Sequence[GroupSnapshot]) -> None:
        async with self._database.transaction() as connection:
            if await accounts_table.holds_session(connection, row.id, row.session):
                seen = [_seen(group) for group in groups]
                await table.upsert(connection, row.id, seen, self._now())

    async def _leave(self, row: AccountRow, jid: str) -> None:
        async with self._database.transaction() as connection:
            if await accounts_table.holds_session(connection, row.id, row.session):
                await table.mark_left(connection, row.id, [jid], self._now())


def _seen(group: GroupSnapshot) -> SeenGroup:
    return SeenGroup(
        id=new_id("grp"),
        jid=group.jid,
        name=canonical(group.name),
        announce_only=group.announce_only,
        admin=group.admin,
        members=[member.lid for member in group.members],
    )


def _essence(groups: Sequence[GroupRow]) -> list[tuple[object, ...]]:
    """List what an operator would call a change."""
    return [
        (g.jid, g.name, g.announce_only, g.admin, g.participants, g.left_at is None) for g in groups
    ]
