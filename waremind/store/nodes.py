"""The table `nodes`, and which accounts each has: written by the node itself, or by who follows it.

On one machine there is one node, which takes over whatever another one has left.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from psycopg.rows import class_row
from psycopg.sql import SQL

from waremind.store import accounts
from waremind.store.accounts import AccountRow
from waremind.store.columns import Columns
from waremind.store.database import Connection
from waremind.store.deliveries import ChangedDelivery


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeRow:
    """A node as it is stored; times are aware."""

    id: str
    name: str
    version: str
    beat_at: datetime
    started_at: datetime
    engine: str = ""
    beat: int = 1
    leads: bool = False


_COLUMNS = Columns(NodeRow)
_INSERT = SQL("INSERT INTO nodes ({}) VALUES ({}) ON CONFLICT DO NOTHING").format(
    _COLUMNS.names, _COLUMNS.placeholders
)
_CLAIM = """
    UPDATE accounts a SET node_id = %(node)s
    FROM (SELECT id FROM accounts WHERE node_id IS DISTINCT FROM %(node)s
          FOR NO KEY UPDATE SKIP LOCKED) free
    WHERE a.id = free.id
"""
_LOSE_TRACK = """
    UPDATE deliveries d SET status = 'unknown', reason = 'crashed', finished_at = %(now)s
    FROM accounts a
    WHERE d.status = 'sending' AND a.id = d.account_id
      AND a.node_id = %(node)s AND d.node_id IS DISTINCT FROM %(node)s
    RETURNING d.run_id, d.account_id, d.status
"""


async def register(connection: Connection, row: NodeRow) -> None:
    """Add a node, unless it is there."""
    await connection.execute(_INSERT, _COLUMNS.values(row))


async def beat(connection: Connection, node: str, now: datetime) -> bool | None:
    """Show a sign of life; tells whether the node leads, None: it is not there any more."""
    cursor = await connection.execute(
        "UPDATE nodes SET beat = beat + 1, beat_at = %s WHERE id = %s RETURNING leads", [now, node]
    )
    found = await cursor.fetchone()
    return found[0] if found else None


async def select_all(connection: Connection) -> list[NodeRow]:
    """Read every node, by name."""
    async with connection.cursor(row_factory=class_row(NodeRow)) as cursor:
        await cursor.execute(SQL("SELECT {} FROM nodes ORDER BY name, id").format(_COLUMNS.names))
        return await cursor.fetchall()


async def name_of(connection: Connection, node: str | None) -> str | None:
    """Name a node; None when it is not there any more."""
    found = await (
        await connection.execute("SELECT name FROM nodes WHERE id = %s", [node])
    ).fetchone()
    return found[0] if found else None


async def count_accounts(connection: Connection) -> dict[str, int]:
    """Count the accounts of each node."""
    query = "SELECT node_id, count(*) FROM accounts WHERE node_id IS NOT NULL GROUP BY node_id"
    return dict(await (await connection.execute(query)).fetchall())


async def follow(connection: Connection, node: str, lost: Mapping[str, int]) -> bool:
    """Let a node lead, unless another one does that is not lost; tells whether it leads now.

    `lost` are nodes with the beat at which each was last seen: one that has shown another sign of
    life since then is none of them.
    """
    query = "SELECT id, beat, leads FROM nodes ORDER BY id FOR UPDATE"
    there = await (await connection.execute(query)).fetchall()
    leader = next(((id_, beat) for id_, beat, leads in there if leads), None)
    if node not in {id_ for id_, *_ in there}:
        return False
    if leader and leader[0] != node and lost.get(leader[0]) != leader[1]:
        return False
    await connection.execute("UPDATE nodes SET leads = false WHERE leads AND id <> %s", [node])
    await connection.execute("UPDATE nodes SET leads = true WHERE id = %s", [node])
    return True


async def forget_former(connection: Connection, row: NodeRow) -> None:
    """Remove nodes that have ended: of the same name, and those not heard of for a day."""
    await connection.execute(
        "DELETE FROM nodes n WHERE (name = %s OR beat_at < now() - interval '1 day')"
        " AND id <> %s AND NOT leads"
        " AND NOT EXISTS (SELECT FROM accounts a WHERE a.node_id = n.id)",
        [row.name, row.id],
    )


async def has_all(connection: Connection, node: str) -> bool:
    """Tell whether every account is the node's."""
    query = "SELECT 1 FROM accounts WHERE node_id IS DISTINCT FROM %s LIMIT 1"
    return (await connection.execute(query, [node])).rowcount == 0


async def remove(connection: Connection, node: str) -> None:
    """Remove a node: nobody runs its accounts from then on."""
    await connection.execute("DELETE FROM nodes WHERE id = %s", [node])


class Claimed(NamedTuple):
    """The accounts that are a node's now, and what others were sending when it took over."""

    accounts: list[AccountRow]
    unknown: list[ChangedDelivery]


async def lead(connection: Connection, node: str) -> None:
    """Let a node lead, and remove all others, which have ended."""
    await connection.execute("DELETE FROM nodes WHERE id <> %s", [node])
    await connection.execute("UPDATE nodes SET leads = true WHERE id = %s", [node])


async def claim(connection: Connection, node: str, now: datetime) -> Claimed:
    """Give a node all accounts, and call `unknown` what others were sending.

    What another transaction has locked is left for the next time.
    """
    await connection.execute(_CLAIM, {"node": node})
    unknown = await lose_track(connection, node, now)
    return Claimed(await accounts.select_of(connection, node), unknown)


async def lose_track(connection: Connection, node: str, now: datetime) -> list[ChangedDelivery]:
    """Call `unknown` what others were sending in accounts that are this node's now."""
    cursor = await connection.execute(_LOSE_TRACK, {"node": node, "now": now})
    return [ChangedDelivery(*row) async for row in cursor]
