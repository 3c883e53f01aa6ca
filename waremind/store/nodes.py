"""The table `nodes`: each node's row is written by itself, and by who follows it.

Which accounts each has is in `ownership`.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from psycopg.rows import class_row
from psycopg.sql import SQL

from waremind.domain.shares import Candidate
from waremind.store.columns import Columns
from waremind.store.database import Connection

READABLE_SINCE = 29  # the migration that gave rows the last of these columns


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeRow:
    """A node as it is stored; times are aware."""

    id: str
    name: str
    version: str
    beat_at: datetime
    started_at: datetime
    engine: str = ""
    migrations: int = 0  # that its program knows
    lease_seconds: float = 0  # on one machine nobody counts it
    beat: int = 1
    leads: bool = False
    draining: bool = False


_COLUMNS = Columns(NodeRow)
_INSERT = SQL("INSERT INTO nodes ({}) VALUES ({}) ON CONFLICT DO NOTHING").format(
    _COLUMNS.names, _COLUMNS.placeholders
)


async def register(connection: Connection, row: NodeRow) -> None:
    """Add a node, unless it is there."""
    await connection.execute(_INSERT, _COLUMNS.values(row))


class Standing(NamedTuple):
    """How a node stands: it leads; the schema went on without it."""

    leads: bool
    is_outdated: bool


async def standing(connection: Connection, node: str) -> Standing | None:
    """Say how a node stands; None: it is not there any more."""
    cursor = await connection.execute(
        "SELECT leads, migrations <"
        " (SELECT max(coalesce(compatible_from, number)) FROM schema_migrations)"
        " FROM nodes WHERE id = %s",
        [node],
    )
    found = await cursor.fetchone()
    return Standing(*found) if found else None


async def beat(connection: Connection, node: str, now: datetime) -> bool:
    """Show a sign of life; False: the node is not there any more."""
    query = "UPDATE nodes SET beat = beat + 1, beat_at = %s WHERE id = %s"
    return (await connection.execute(query, [now, node])).rowcount == 1


async def select_all(connection: Connection) -> list[NodeRow]:
    """Read every node, by name."""
    async with connection.cursor(row_factory=class_row(NodeRow)) as cursor:
        await cursor.execute(SQL("SELECT {} FROM nodes ORDER BY name, id").format(_COLUMNS.names))
        return await cursor.fetchall()


def candidates(rows: Iterable[NodeRow], lost: Collection[str]) -> dict[str, Candidate]:
    """Say which nodes (their ids) are not lost, and what accounts each could have."""
    return {row.id: Candidate(row.draining, row.engine) for row in rows if row.id not in lost}


async def lock_all(connection: Connection) -> list[NodeRow]:
    """Read every node, by name; until the transaction ends nobody else says where accounts go."""
    await connection.execute("SELECT FROM nodes ORDER BY id FOR NO KEY UPDATE")
    return await select_all(connection)


async def name_of(connection: Connection, node: str | None) -> str | None:
    """Name a node; None when it is not there any more."""
    found = await (
        await connection.execute("SELECT name FROM nodes WHERE id = %s", [node])
    ).fetchone()
    return found[0] if found else None


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


async def remove(connection: Connection, node: str) -> None:
    """Remove a node: nobody runs its accounts from then on."""
    await connection.execute("DELETE FROM nodes WHERE id = %s", [node])


async def lead(connection: Connection, node: str) -> None:
    """Let a node lead, and remove all others, which have ended."""
    await connection.execute("DELETE FROM nodes WHERE id <> %s", [node])
    await connection.execute("UPDATE nodes SET leads = true WHERE id = %s", [node])


async def still_lost(connection: Connection, lost: Mapping[str, int]) -> list[str]:
    """Lock those of `lost` nodes, each with its last beat, that have shown no sign since then."""
    query = """
        SELECT n.id FROM nodes n JOIN unnest(%s::text[], %s::bigint[]) l (id, beat) USING (id, beat)
        ORDER BY n.id FOR UPDATE OF n
    """
    cursor = await connection.execute(query, [list(lost), list(lost.values())])
    return [node async for (node,) in cursor]


async def drain(connection: Connection, node: str, *, draining: bool) -> None:
    """Have a node give its accounts away, or (False) take some again."""
    await connection.execute("UPDATE nodes SET draining = %s WHERE id = %s", [draining, node])
