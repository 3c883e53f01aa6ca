"""The table `accounts`: one row an account.

It is written only by the node that has it, and only where its session number still holds.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from psycopg.errors import UniqueViolation
from psycopg.rows import class_row
from psycopg.sql import SQL

from waremind.domain.lifecycle import State
from waremind.errors import ErrorCode, WaremindError
from waremind.store.columns import Columns
from waremind.store.database import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRow:
    """An account as it is stored; times are aware."""

    id: str
    label: str
    state: State
    created_at: datetime
    status_since: datetime
    state_since: datetime
    detail: str = ""
    session: int = 0
    device: int | None = None
    jid: str | None = None
    lid: str | None = None
    phone: str | None = None
    push_name: str | None = None
    retries: int = 0
    linked_at: datetime | None = None
    last_connected_at: datetime | None = None
    phone_seen_at: datetime | None = None
    replaced_at: datetime | None = None
    banned_until: datetime | None = None
    restricted_until: datetime | None = None
    node_id: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "state", State(self.state))


_COLUMNS = Columns(AccountRow)
_SELECT = SQL("SELECT {} FROM accounts ").format(_COLUMNS.names)
_INSERT = SQL("INSERT INTO accounts ({}) VALUES ({}) ON CONFLICT (label) DO NOTHING").format(
    _COLUMNS.names, _COLUMNS.placeholders
)
_TRANSITION = SQL(
    "UPDATE accounts SET ({}) = ROW ({}) WHERE id = %(id)s AND session = %(from_session)s"
    " AND node_id = %(node_id)s"
).format(_COLUMNS.names, _COLUMNS.placeholders)


async def insert(connection: Connection, row: AccountRow) -> bool:
    """Add an account; False when the label is taken."""
    return (await connection.execute(_INSERT, _COLUMNS.values(row))).rowcount == 1


async def write_transition(connection: Connection, row: AccountRow, from_session: int) -> bool:
    """Write the account's new row; returns False when it has another session or node, or is gone.

    Raises WaremindError `already_exists` when the label is taken.
    """
    values = {**_COLUMNS.values(row), "from_session": from_session}
    try:
        return (await connection.execute(_TRANSITION, values)).rowcount == 1
    except UniqueViolation:
        raise taken(row.label) from None


def taken(label: str) -> WaremindError:
    """Say that the label is another account's."""
    message = f"cannot name the account {label!r}: another has this label"
    return WaremindError(ErrorCode.ALREADY_EXISTS, message, hint="choose another label")


async def delete(connection: Connection, row: AccountRow) -> bool:
    """Delete an account and, by cascade, all that belongs to it; False when another node has it."""
    query = "DELETE FROM accounts WHERE id = %s AND node_id = %s"
    return (await connection.execute(query, [row.id, row.node_id])).rowcount == 1


async def keep(connection: Connection, accounts: Iterable[str]) -> None:
    """Have accounts stay until the transaction ends: who deletes one waits.

    To be called before rows of theirs are locked, in the order in which a delete goes through them:
    else each could wait for the other.
    """
    await connection.execute(
        "SELECT FROM accounts WHERE id = ANY (%s) ORDER BY id FOR KEY SHARE", [sorted({*accounts})]
    )


async def keep_ours(connection: Connection, node: str, accounts: Iterable[str]) -> set[str]:
    """Have those of these accounts stay that are a node's, and its own; returns which.

    Else what is written for them might come too late to be seen by who has taken them.
    """
    query = "SELECT id FROM accounts WHERE id = ANY (%s) AND node_id = %s ORDER BY id FOR SHARE"
    cursor = await connection.execute(query, [sorted({*accounts}), node])
    return {account async for (account,) in cursor}


async def select(connection: Connection, account: str) -> AccountRow | None:
    """Read one account; None when it is gone."""
    async with connection.cursor(row_factory=class_row(AccountRow)) as cursor:
        await cursor.execute(_SELECT + SQL("WHERE id = %s"), [account])
        return await cursor.fetchone()


async def find(connection: Connection, key: str, *, is_id: bool) -> AccountRow | None:
    """Find an account by its id or else by its label."""
    column = SQL("id") if is_id else SQL("label")
    async with connection.cursor(row_factory=class_row(AccountRow)) as cursor:
        await cursor.execute(_SELECT + SQL("WHERE {} = %s").format(column), [key])
        return await cursor.fetchone()


async def select_all(connection: Connection) -> list[AccountRow]:
    """Read every account, by label."""
    async with connection.cursor(row_factory=class_row(AccountRow)) as cursor:
        await cursor.execute(_SELECT + SQL("ORDER BY label, id"))
        return await cursor.fetchall()


async def select_these(connection: Connection, accounts: Iterable[str]) -> list[AccountRow]:
    """Read accounts by their ids, in any order; not those that are gone."""
    async with connection.cursor(row_factory=class_row(AccountRow)) as cursor:
        await cursor.execute(_SELECT + SQL("WHERE id = ANY (%s)"), [[*accounts]])
        return await cursor.fetchall()


async def by_state(connection: Connection) -> dict[State, list[str]]:
    """List all accounts (ids) by the state they are in."""
    query = "SELECT state, array_agg(id) FROM accounts GROUP BY state"
    cursor = await connection.execute(query)
    return {State(state): accounts async for state, accounts in cursor}


async def select_of(connection: Connection, node: str) -> list[AccountRow]:
    """Read the accounts of a node, by label."""
    async with connection.cursor(row_factory=class_row(AccountRow)) as cursor:
        await cursor.execute(_SELECT + SQL("WHERE node_id = %s ORDER BY label, id"), [node])
        return await cursor.fetchall()


@dataclass(frozen=True, slots=True)
class Belongings:
    """How many rows go with an account."""

    groups: int
    reminders: int
    runs: int


async def belongings(connection: Connection, account: str) -> Belongings:
    """Count what would be deleted with an account."""
    query = """
        SELECT (SELECT count(*) FROM whatsapp_groups WHERE account_id = %(id)s) AS groups,
               (SELECT count(*) FROM reminders WHERE account_id = %(id)s) AS reminders,
               (SELECT count(*) FROM runs WHERE account_id = %(id)s) AS runs
    """
    async with connection.cursor(row_factory=class_row(Belongings)) as cursor:
        await cursor.execute(query, {"id": account})
        return await cursor.fetchone() or Belongings(0, 0, 0)


async def holds_session(connection: Connection, row: AccountRow, session: int) -> bool:
    """Lock the account against transitions and other syncs, if node and session are still these."""
    query = (
        "SELECT 1 FROM accounts WHERE id = %s AND node_id = %s AND session = %s FOR NO KEY UPDATE"
    )
    return (await connection.execute(query, [row.id, row.node_id, session])).rowcount == 1


async def groups_synced_at(connection: Connection, account: str) -> datetime | None:
    """Say when the account's groups were last fetched."""
    query = "SELECT groups_synced_at FROM accounts WHERE id = %s"
    found = await (await connection.execute(query, [account])).fetchone()
    return found[0] if found else None


async def note_synced(connection: Connection, account: str, now: datetime) -> None:
    """Note that the account's groups were fetched. Not part of the row that a transition writes."""
    await connection.execute(
        "UPDATE accounts SET groups_synced_at = %s WHERE id = %s", [now, account]
    )


async def why_held(connection: Connection, account: str, now: datetime) -> str | None:
    """Say why nothing of an account may leave: `frozen`, `banned`, `unpaired`, `restricted`."""
    query = "SELECT h.reason FROM accounts a, why_held(a, %s) h WHERE id = %s"
    found = await (await connection.execute(query, [now, account])).fetchone()
    return found[0] if found else None
