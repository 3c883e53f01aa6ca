"""The table `accounts` where it says which node has which: taken, given away, and moved.

On one machine there is one node, which takes over whatever another one has left.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from psycopg.sql import SQL

from waremind.domain.lifecycle import State
from waremind.domain.shares import Count
from waremind.store.database import Connection
from waremind.store.deliveries import ChangedDelivery

# Somebody is at it, or WhatsApp: it is not interrupted, as it ends soon.
UNDER_WAY = (State.PAIRING, State.LINKED, State.RESUMING, State.UNPAIRING)

# When an account next has something to send.
_NEXT_AT = SQL(
    """least((SELECT min(r.next_at) FROM reminders r
              WHERE r.account_id = a.id AND r.state = 'active'),
             (SELECT min(d.due_at) FROM deliveries d
              WHERE d.account_id = a.id AND d.status = 'scheduled'))"""
)
# What another transaction has locked is left for the next time.
_CLAIM = SQL(
    """
    UPDATE accounts a
    SET node_id = %(node)s, placed_on = CASE a.placed_on WHEN %(node)s THEN a.placed_on END
    FROM (SELECT a.id FROM accounts a
          WHERE (a.node_id IS NULL OR a.node_id = ANY (%(lost)s)) AND {which}
          ORDER BY {next_at} NULLS LAST, a.id LIMIT %(most)s
          FOR NO KEY UPDATE OF a SKIP LOCKED) free
    WHERE a.id = free.id
    RETURNING a.id
    """
)
_CLAIM_LOOSE = _CLAIM.format(
    which=SQL("(a.placed_on IS NULL OR a.placed_on <> ALL (%(able)s))"), next_at=_NEXT_AT
)
_CLAIM_PLACED = _CLAIM.format(which=SQL("a.placed_on = %(node)s"), next_at=_NEXT_AT)
_CLAIM_ALL = """
    UPDATE accounts a SET node_id = %(node)s, placed_on = NULL
    FROM (SELECT id FROM accounts WHERE node_id IS DISTINCT FROM %(node)s
          FOR NO KEY UPDATE SKIP LOCKED) free
    WHERE a.id = free.id
"""
_SURPLUS = SQL(
    """
    (SELECT a.id FROM accounts a
     WHERE a.node_id = %(node)s AND a.state <> ALL (%(under_way)s)
       AND a.placed_on = ANY (%(able)s) AND a.placed_on <> %(node)s)
    UNION ALL
    (SELECT a.id FROM accounts a
     WHERE a.node_id = %(node)s AND a.state <> ALL (%(under_way)s)
       AND (a.placed_on IS NULL OR a.placed_on <> ALL (%(able)s))
     ORDER BY {next_at} DESC NULLS FIRST, a.id LIMIT %(most)s)
    """
).format(next_at=_NEXT_AT)
_LOSE_TRACK = """
    UPDATE deliveries d SET status = 'unknown', reason = 'crashed', finished_at = %(now)s
    FROM accounts a
    WHERE d.status = 'sending' AND a.id = d.account_id
      AND a.node_id = %(node)s AND d.node_id IS DISTINCT FROM %(node)s
    RETURNING d.run_id, d.account_id, d.status
"""


async def count(connection: Connection) -> list[Count]:
    """Count the accounts by the node that has them and the one where they were placed."""
    query = "SELECT node_id, placed_on, count(*) FROM accounts GROUP BY 1, 2"
    return [Count(*row) async for row in await connection.execute(query)]


async def of(connection: Connection, node: str) -> set[str]:
    """List (by id) the accounts that a node has."""
    query = "SELECT id FROM accounts WHERE node_id = %s"
    return {account async for (account,) in await connection.execute(query, [node])}


class Free(NamedTuple):
    """Which accounts are free for whom: they are nobody's, or those of `lost` nodes.

    Those that are placed on one of the nodes that are `able` wait for that one.
    """

    lost: Sequence[str]
    able: Collection[str]


async def claim(connection: Connection, node: str, free: Free, most: int) -> None:
    """Give a node the free accounts that are placed on it, and `most` of those placed nowhere.

    Those with something to send come first. What others were sending is then to be called unknown.
    """
    values = {"node": node, "lost": list(free.lost), "able": list(free.able)}
    await connection.execute(_CLAIM_PLACED, {**values, "most": None})
    await connection.execute(_CLAIM_LOOSE, {**values, "most": most})


async def claim_all(connection: Connection, node: str) -> None:
    """Give a node all accounts."""
    await connection.execute(_CLAIM_ALL, {"node": node})


async def lose_track(connection: Connection, node: str, now: datetime) -> list[ChangedDelivery]:
    """Call `unknown` what others were sending in accounts that are this node's now."""
    cursor = await connection.execute(_LOSE_TRACK, {"node": node, "now": now})
    return [ChangedDelivery(*row) async for row in cursor]


async def surplus(connection: Connection, node: str, able: Collection[str], most: int) -> list[str]:
    """List what a node is to give away: what is placed on others, and `most` of what is not.

    Those that have nothing to send for the longest come first.
    """
    values = {
        "node": node,
        "able": list(able),
        "under_way": list(UNDER_WAY),
        "most": most,
    }
    return [account async for (account,) in await connection.execute(_SURPLUS, values)]


async def give_away(connection: Connection, account: str, node: str, session: int) -> bool:
    """Make an account free, unless it has another session by now, or is another node's."""
    query = (
        "UPDATE accounts SET node_id = NULL, placed_on = nullif(placed_on, %(node)s)"
        " WHERE id = %(account)s AND node_id = %(node)s AND session = %(session)s"
    )
    values = {"account": account, "node": node, "session": session}
    return (await connection.execute(query, values)).rowcount == 1


async def place(connection: Connection, account: str, node: str) -> bool:
    """Put an account on a node, which it goes to and stays on; False: it is placed there."""
    query = "UPDATE accounts SET placed_on = %s WHERE id = %s AND placed_on IS DISTINCT FROM %s"
    return (await connection.execute(query, [node, account, node])).rowcount == 1


async def placed_on(connection: Connection, account: str) -> str | None:
    """Say on which node an account was placed."""
    query = "SELECT placed_on FROM accounts WHERE id = %s"
    found = await (await connection.execute(query, [account])).fetchone()
    return found[0] if found else None
