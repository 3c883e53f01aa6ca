"""The table `accounts` where it says which node has which: taken, given away, and moved.

On one machine there is one node, which takes over whatever another one has left.
"""

from collections.abc import Sequence
from datetime import datetime

from psycopg.sql import SQL

from waremind.domain.lifecycle import State
from waremind.domain.shares import Count, Part
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
# Which engine wrote the keys of an account's device.
_ENGINE = SQL(
    """coalesce((SELECT s.engine FROM device_snapshots s
                 WHERE s.account_id = a.id AND s.device = a.device), '')"""
)
# What another transaction has locked is left for the next time.
_CLAIM = SQL(
    """
    UPDATE accounts a
    SET node_id = %(node)s, placed_on = CASE a.placed_on WHEN %(node)s THEN a.placed_on END
    FROM (SELECT a.id FROM accounts a
          WHERE (a.node_id IS NULL OR a.node_id = ANY (%(lost)s)) AND {which}
            AND {engine} = ANY (%(engines)s)
          ORDER BY {next_at} NULLS LAST, a.id LIMIT %(most)s
          FOR NO KEY UPDATE OF a SKIP LOCKED) free
    WHERE a.id = free.id
    RETURNING a.id
    """
)
_CLAIM_LOOSE = _CLAIM.format(
    which=SQL("(a.placed_on IS NULL OR a.placed_on <> ALL (%(homes)s))"),
    engine=_ENGINE,
    next_at=_NEXT_AT,
)
_CLAIM_PLACED = _CLAIM.format(which=SQL("a.placed_on = %(node)s"), engine=_ENGINE, next_at=_NEXT_AT)
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
       AND a.placed_on = ANY (%(homes)s) AND a.placed_on <> %(node)s
       AND {engine} = ANY (%(engines)s))
    UNION ALL
    (SELECT a.id FROM accounts a
     WHERE a.node_id = %(node)s AND a.state <> ALL (%(under_way)s)
       AND (a.placed_on IS NULL OR a.placed_on <> ALL (%(homes)s))
       AND {engine} = ANY (%(engines)s)
     ORDER BY {next_at} DESC NULLS FIRST, a.id LIMIT %(most)s)
    """
).format(engine=_ENGINE, next_at=_NEXT_AT)
_LOSE_TRACK = """
    UPDATE deliveries d SET status = 'unknown', reason = 'crashed', finished_at = %(now)s
    FROM accounts a
    WHERE d.status = 'sending' AND a.id = d.account_id
      AND a.node_id = %(node)s AND d.node_id IS DISTINCT FROM %(node)s
    RETURNING d.run_id, d.account_id, d.status
"""


async def count(connection: Connection) -> list[Count]:
    """Count the accounts by node, by where they were placed, and by the engine of their keys."""
    query = """
        SELECT a.node_id, a.placed_on, count(*), coalesce(s.engine, '')
        FROM accounts a
        LEFT JOIN device_snapshots s ON s.account_id = a.id AND s.device = a.device
        GROUP BY a.node_id, a.placed_on, coalesce(s.engine, '')
    """
    return [Count(*row) async for row in await connection.execute(query)]


async def of(connection: Connection, node: str) -> set[str]:
    """List (by id) the accounts that a node has."""
    query = "SELECT id FROM accounts WHERE node_id = %s"
    return {account async for (account,) in await connection.execute(query, [node])}


async def claim(connection: Connection, node: str, part: Part, lost: Sequence[str]) -> None:
    """Give a node the free accounts of a part: what is placed on it, and what it takes of the rest.

    Those are free that are nobody's, or of `lost` nodes; those placed on another home wait for it.
    Those with something to send come first. What others were sending is then to be called unknown.
    """
    if node in part.homes:
        values = {"node": node, "lost": list(lost), **_values(part)}
        await connection.execute(_CLAIM_PLACED, {**values, "most": None})
        await connection.execute(_CLAIM_LOOSE, {**values, "most": part.takes})


def _values(part: Part) -> dict[str, list[str]]:
    return {"homes": list(part.homes), "engines": list(part.engines)}


async def claim_all(connection: Connection, node: str) -> None:
    """Give a node all accounts."""
    await connection.execute(_CLAIM_ALL, {"node": node})


async def lose_track(connection: Connection, node: str, now: datetime) -> list[ChangedDelivery]:
    """Call `unknown` what others were sending in accounts that are this node's now."""
    cursor = await connection.execute(_LOSE_TRACK, {"node": node, "now": now})
    return [ChangedDelivery(*row) async for row in cursor]


async def surplus(connection: Connection, node: str, part: Part) -> list[str]:
    """List what a node is to give away of a part: what is placed on others, and some of the rest.

    Those that have nothing to send for the longest come first.
    """
    values = {
        "node": node,
        "under_way": list(UNDER_WAY),
        "most": part.gives,
        **_values(part),
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
    """Put an account on a node, which it goes to and stays on; False: it is there, or gone."""
    query = "UPDATE accounts SET placed_on = %s WHERE id = %s AND placed_on IS DISTINCT FROM %s"
    return (await connection.execute(query, [node, account, node])).rowcount == 1


async def placed_on(connection: Connection, account: str) -> str | None:
    """Say on which node an account was placed."""
    query = "SELECT placed_on FROM accounts WHERE id = %s"
    found = await (await connection.execute(query, [account])).fetchone()
    return found[0] if found else None
