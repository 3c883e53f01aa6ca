"""Keeps the stored groups as WhatsApp says they are: by a sync, and by its own events."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Generator, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import takewhile

from waremind.daemon.accounts.environment import SideReport
from waremind.daemon.system.clock import Clock
from waremind.daemon.system.tasks import spawn
from waremind.domain.ids import canonical, new_id
from waremind.store import accounts as accounts_table
from waremind.store import groups as table
from waremind.store.accounts import AccountRow
from waremind.store.database import Connection, Database
from waremind.store.groups import GroupRow, SeenGroup
from waremind.store.members import SeenMember
from waremind.whatsapp.gateway import Session
from waremind.whatsapp.reports import GroupChanged, GroupLeft, GroupSnapshot, GroupStale

# Group queries are rate limited: by itself the daemon asks no more often.
SYNCED_WITHIN = timedelta(hours=1)
# News of groups comes in bursts: one question for all that is told within this time.
SETTLED_AFTER = timedelta(seconds=1)


@dataclass(eq=False, slots=True)
class Question:
    """What WhatsApp was asked of an account's groups, and of which it has been heard since."""

    account: str
    heard: set[str] = field(default_factory=set[str])  # JIDs


class Questions:
    """The questions that are not answered yet, in the order in which they were asked.

    An answer is as old as its question: it says nothing new of what was heard since.
    """

    def __init__(self) -> None:
        self._open: list[Question] = []

    @contextlib.contextmanager
    def asked(self, account: str) -> Generator[Question]:
        """Ask in the block, and store the answer."""
        question = Question(account)
        self._open.append(question)
        try:
            yield question
        finally:
            self._open.remove(question)

    def hear(self, account: str, jids: Iterable[str], answer_to: Question | None = None) -> None:
        """Take note of what is heard: just now, or as it was when `answer_to` was asked."""
        heard = set(jids)
        for question in takewhile(lambda earlier: earlier is not answer_to, self._open):
            if question.account == account:
                question.heard |= heard


class Groups:
    """Hears of groups and fetches them; writes only for the session that still is the current."""

    def __init__(self, database: Database, tasks: asyncio.TaskGroup, clock: Clock) -> None:
        self._database = database
        self._tasks = tasks
        self._clock = clock
        self._questions = Questions()
        self._stale: dict[str, set[str]] = {}  # by account, the JIDs to ask about in a moment

    async def sync(self, row: AccountRow, session: Session, *, forced: bool) -> bool:
        """Fetch and store all groups, unless that was done lately and is not `forced`."""
        if not forced and await self._is_recent(row):
            return False
        with self._questions.asked(row.id) as question:
            groups = await session.groups()
            return await self._store_all(row, session.number, groups, question)

    async def _store_all(
        self, row: AccountRow, number: int, groups: Sequence[GroupSnapshot], question: Question
    ) -> bool:
        """Store an answer that has all groups, but for what was heard since it was asked for."""
        account = row.id
        async with self._transaction(row, number) as connection:
            if connection is None:
                return False
            before = await table.select(connection, account)
            now, known = self._clock.now(), question.heard
            seen = [_seen(group) for group in groups if group.jid not in known]
            self._questions.hear(account, {group.jid for group in [*seen, *before]}, question)
            await table.upsert(connection, account, seen, now)
            there = [*known, *(group.jid for group in seen)]
            await table.mark_others_left(connection, account, there, now)
            await accounts_table.note_synced(connection, account, now)
            return _essence(before) != _essence(await table.select(connection, account))

    async def _is_recent(self, row: AccountRow) -> bool:
        async with self._database.connection() as connection:
            synced = await accounts_table.groups_synced_at(connection, row.id)
        if synced is None or (row.linked_at and synced < row.linked_at):
            return False
        return self._clock.now() - synced < SYNCED_WITHIN

    async def hear(self, row: AccountRow, report: SideReport, session: Session | None) -> None:
        """Store what a session tells of one group."""
        match report:
            case GroupChanged():
                await self._store(row, report.group.jid, report.group)
            case GroupLeft():
                await self._store(row, report.jid, None)
            case GroupStale() if session:
                if row.id not in self._stale:
                    spawn(self._tasks, self._ask_later(row, session))
                self._stale.setdefault(row.id, set()).add(report.jid)
            case _:
                pass

    async def _ask_later(self, row: AccountRow, session: Session) -> None:
        """Ask once for a burst of news: about its group, or about all when it is of several."""
        await self._clock.sleep_until(self._clock.now() + SETTLED_AFTER)
        jids = self._stale.pop(row.id)  # what changes from now on is worth another question
        if len(jids) > 1:
            await self.sync(row, session, forced=True)
            return
        (jid,) = jids
        with self._questions.asked(row.id) as question:
            await self._store(row, jid, await session.group(jid), question)

    async def _store(
        self,
        row: AccountRow,
        jid: str,
        group: GroupSnapshot | None,
        answer_to: Question | None = None,
    ) -> None:
        """Store how a group is, heard now or asked for; None: the account is no longer in it."""
        if answer_to is None:
            self._questions.hear(row.id, [jid])
        async with self._transaction(row, row.session) as connection:
            if connection is None or (answer_to and jid in answer_to.heard):
                return
            self._questions.hear(row.id, [jid], answer_to)
            if group:
                await table.upsert(connection, row.id, [_seen(group)], self._clock.now())
            else:
                await table.mark_left(connection, row.id, [jid], self._clock.now())

    @contextlib.asynccontextmanager
    async def _transaction(
        self, row: AccountRow, session: int
    ) -> AsyncGenerator[Connection | None]:
        """Lend a connection while the session is the account's; None: it is so no longer."""
        async with self._database.transaction() as connection:
            holds = await accounts_table.holds_session(connection, row, session)
            yield connection if holds else None


def _seen(group: GroupSnapshot) -> SeenGroup:
    return SeenGroup(
        id=new_id("grp"),
        jid=group.jid,
        name=canonical(group.name),
        announce_only=group.announce_only,
        admin=group.admin,
        members=[SeenMember(each.lid, each.phone, each.name) for each in group.members],
        expiration_seconds=group.expiration_seconds,
    )


def _essence(groups: Sequence[GroupRow]) -> list[tuple[object, ...]]:
    """List what an operator would call a change."""
    return [
        (g.jid, g.name, g.announce_only, g.admin, g.participants, g.left_at is None) for g in groups
    ]
