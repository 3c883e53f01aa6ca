"""All accounts: found by id or label, added, started and stopped."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from waremind.daemon.accounts.account import Account, is_another
from waremind.daemon.accounts.environment import AccountEnvironment
from waremind.daemon.accounts.inbox import Claimed, LetGo, Unheard
from waremind.daemon.system import audit
from waremind.daemon.system.changes import Subscriber
from waremind.domain.ids import near_misses, new_id, parse_reference, shown, suggesting
from waremind.domain.lifecycle import Cause, State
from waremind.errors import ErrorCode, WaremindError
from waremind.objects import Operator
from waremind.store import accounts as table
from waremind.store import ownership
from waremind.store.accounts import AccountRow
from waremind.store.database import Connection

# Children that hang in a system call are killed by then; systemd's own patience is longer.
STOP_SECONDS = 8.0
LOOK_SECONDS = 1.0  # at an account that tells of no progress


class Accounts(Subscriber):
    """The accounts of this node, each with its inbox; and what is stored of all others."""

    def __init__(self, environment: AccountEnvironment) -> None:
        self._environment = environment
        self._accounts: dict[str, Account] = {}
        self._adding = asyncio.Lock()
        self._is_alone = environment.settings.cluster.name is None
        environment.changes.subscribe(self)

    def __iter__(self) -> Iterator[Account]:
        """Iterate by label."""
        return iter(sorted(self._accounts.values(), key=lambda account: account.row.label))

    def rows(self) -> list[AccountRow]:
        """List the rows of this node's accounts by label."""
        return [account.row for account in self]

    def find(self, key: str) -> Account | None:
        """Find an account of this node by its id or label."""
        if found := self._accounts.get(key):  # no label has the form of an id
            return found
        reference = parse_reference(key)
        if reference.kind == "id":
            return self._accounts.get(reference.text)
        return next((a for a in self._accounts.values() if a.row.label == reference.text), None)

    def get(self, key: str) -> Account:
        """Find an account of this node by its id or label.

        Raises WaremindError `not_found`.
        """
        if found := self.find(key):
            return found
        raise absent(key, self.rows())

    async def known(self, connection: Connection | None = None) -> list[AccountRow]:
        """List the rows of all accounts by label, also those of other nodes.

        These are read from the database, by `connection` if there is one.
        """
        if self._is_alone:
            return self.rows()
        async with self._lent(connection) as lent:
            return await table.select_all(lent)

    async def elsewhere(self, connection: Connection) -> list[AccountRow]:
        """List the rows of the accounts that this node has not, by label."""
        if self._is_alone:
            return []
        return [row for row in await self.known(connection) if row.id not in self._accounts]

    async def known_of(
        self, accounts: Collection[str], connection: Connection
    ) -> dict[str, AccountRow]:
        """Map these accounts (ids), also those of other nodes, to their rows; not who is gone."""
        if self._is_alone:
            ours = (self._accounts[account] for account in accounts if account in self._accounts)
            return {account.row.id: account.row for account in ours}
        rows = await table.select_these(connection, accounts)
        return {row.id: row for row in rows}

    async def states(self, connection: Connection) -> dict[State, list[str]]:
        """Map each state that accounts are in, also those of other nodes, to these (ids)."""
        if self._is_alone:
            found: dict[State, list[str]] = {}
            for row in self.rows():
                found.setdefault(row.state, []).append(row.id)
            return found
        return await table.by_state(connection)

    async def row(self, key: str, connection: Connection | None = None) -> AccountRow:
        """Find the row of an account by its id or label, also of another node.

        Raises WaremindError `not_found`.
        """
        if row := await self.find_row(key, connection):
            return row
        raise absent(key, await self.known(connection))

    async def find_row(self, key: str, connection: Connection | None = None) -> AccountRow | None:
        """Find the row of an account by its id or label, also of another node."""
        if (found := self.find(key)) or self._is_alone:
            return found and found.row
        reference = parse_reference(key)
        async with self._lent(connection) as lent:
            return await table.find(lent, reference.text, is_id=reference.kind == "id")

    async def only(self, key: str | None) -> str | None:
        """Give the id of the one account that a list is to be of; None: of all.

        Raises WaremindError `not_found`.
        """
        return None if key is None else (await self.row(key)).id

    @contextlib.asynccontextmanager
    async def _lent(self, connection: Connection | None) -> AsyncGenerator[Connection]:
        if connection:
            yield connection
            return
        async with self._environment.runtime.readers.connection() as lent:
            yield lent

    def keys_of(self, account: str, device: int) -> Path:
        """Say in which directory the keys of an account's device are."""
        return self._environment.place.directory(account, device)

    def keys_left(self) -> list[tuple[Path, datetime]]:
        """List the devices' directories that could not be removed, and since when."""
        left = list(self._environment.place.left.items())  # threads find more
        return [(path, since) for path, since in left if path.exists()]

    def keys_behind(self) -> Mapping[str, datetime]:
        """Say since when other nodes could not have the newest keys of accounts (by id)."""
        return self._environment.place.device_keys.behind

    def owns_process(self, pid: int) -> bool:
        """Tell whether a process is a session's: it is nobody who may ask for anything."""
        return self._environment.place.gateway.owns(pid)

    async def start(self) -> None:
        """Take over every account, and let the table decide how it goes on."""
        async with self._environment.database.connection() as connection:
            rows = await table.select_all(connection)
        devices = {row.id: row.device for row in rows}
        await asyncio.to_thread(self._environment.place.sweep_leftovers, devices)
        await self._environment.runtime.membership.join()

    def accounts_claimed(self, rows: Collection[AccountRow], *, afresh: bool) -> None:
        """Begin with accounts that are ours from now on."""
        for row in rows:
            if known := self._accounts.get(row.id):
                known.post(Claimed(row))
            else:
                begun = self._begin(row, taken=not afresh)
                begun.signal(Cause.STARTED if afresh else Cause.CLAIMED)

    def accounts_lost(self, accounts: Collection[str]) -> None:
        """Let go of accounts that are ours no longer."""
        for account in accounts:
            if found := self._accounts.pop(account, None):
                found.post(LetGo())

    async def give_away(self, account: Account) -> bool:
        """End an account's session in order, and make it free for another node.

        Returns False when that was not possible now: then it stays. Raises WaremindError.
        """
        try:
            given = await self._given_away(account)
        except Exception:  # else the daemon stops
            self._go_on_with(account)
            raise
        if not given:
            self._go_on_with(account)
        return given

    async def _given_away(self, account: Account) -> bool:
        await _stopped(account)
        await account.effects.ended()  # its keys are kept for the next one
        row = account.row
        if account.is_live or account.is_over:
            return False
        async with self._environment.database.connection() as connection:
            given = await ownership.give_away(connection, row.id, row.node_id or "", row.session)
        if given:
            account.post(LetGo(given=True))
        return given

    @staticmethod
    def _go_on_with(account: Account) -> None:
        if account.row.state is State.STOPPED:
            account.signal(Cause.STARTED)

    def _begin(self, row: AccountRow, *, taken: bool = False) -> Account:
        account = self._accounts[row.id] = Account(row, self._environment, taken=taken)
        self._environment.tasks.create_task(account.run())
        return account

    def account_deleted(self, account: str) -> None:
        """Forget an account that is deleted."""
        self._accounts.pop(account, None)

    def account_let_go(self, account: str) -> None:
        """Forget an account that is another daemon's."""
        if (found := self._accounts.get(account)) and found.is_over:
            del self._accounts[account]

    def draft(self, label: str) -> AccountRow:
        """Make the row of an account that is not there yet."""
        now, membership = self._environment.now(), self._environment.runtime.membership
        return AccountRow(
            id=new_id("acc"),
            label=label,
            state=State.NEW,
            created_at=now,
            status_since=now,
            state_since=now,
            # Whoever runs no accounts now leaves it to another node.
            node_id=membership.node if self._is_alone or membership.held.is_set() else None,
        )

    async def add(self, label: str, operator: Operator) -> tuple[AccountRow, bool]:
        """Create an unpaired account unless one has the label; returns it, and whether it is new.

        Raises WaremindError `already_exists` when another node has just given the label away.
        """
        async with self._adding:  # two who ask at once: the second one finds it
            if there := await self.find_row(label):
                return there, False
            row = self.draft(label)
            async with self._environment.database.transaction() as connection:
                if not await table.insert(connection, row):
                    raise table.taken(label)
                target, now = ("account", row.id, row.label), row.created_at
                await audit.write(connection, now, operator, "account.add", target)
            if row.node_id:
                self._environment.changes.account_added(row.id)
                if row.id not in self._accounts:  # it may have been seen in the database since
                    self._begin(row)
            return row, True

    async def look_again(self) -> None:
        """Go on from the stored rows, where they were written and nobody heard so."""
        node = self._environment.runtime.membership.node
        async with self._adding:
            known = set(self._accounts)  # those of them that go while we read are not new
            async with self._environment.database.connection() as connection:
                stored = {row.id: row for row in await table.select_of(connection, node)}
            for account in self:
                row = stored.get(account.row.id)
                if row is None or is_another(row, account.row):
                    account.post(Unheard(account.row.session))
            if self._is_alone:  # several find out by their signs of life what is whose
                for row in stored.values():
                    if row.id not in known:
                        self._environment.changes.account_added(row.id)
                        self._begin(row)

    async def stop(self) -> None:
        """Say `stopped` of what is connected, then end every session."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS / 4):
                await asyncio.gather(*map(_stopped, self))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                await self._environment.place.gateway.close()
                # What is kept of their keys is written when they are gone.
                await asyncio.gather(*(account.effects.ended() for account in self))


async def _stopped(account: Account) -> None:
    """Have the session of an account end, and its row say so.

    A row that is about something else makes what was said to the account late: it is said again.
    """
    rows = account.progress.watch()
    try:
        while account.is_live and not account.is_over:
            account.signal(Cause.STOPPING)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await rows.get()
    finally:
        account.progress.unwatch(rows)


def absent(key: str, rows: Sequence[AccountRow]) -> WaremindError:
    """Say that there is no such account; `rows` are those that there are."""
    message = f"cannot find account {shown(key)}: there is none with this id or label"
    near = map(shown, near_misses(key, (row.label for row in rows)))
    hint = suggesting(near, "waremind account list --all")
    return WaremindError(ErrorCode.NOT_FOUND, message, hint=hint)
