"""The table `runs` where a run is followed by the same text, unless enough have read it."""

from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row
from psycopg.sql import SQL

from waremind.store.columns import Columns
from waremind.store.database import Connection
from waremind.store.runs import RunRow


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowedRun(RunRow):
    """A run that may have to be followed; its reminder may be paused, or keep quiet hours."""

    paused: bool
    quiet: str | None


_DUE = SQL(
    """
    SELECT {}, m.state = 'paused' AS paused, m.options ->> 'quiet' AS quiet
    FROM runs r JOIN reminders m ON m.id = r.reminder_id
    WHERE r.follow_up_at <= %(now)s
      AND EXISTS (SELECT FROM accounts a WHERE a.id = r.account_id AND a.node_id = %(node)s)
    ORDER BY r.follow_up_at LIMIT %(limit)s FOR UPDATE OF r
    """
).format(Columns(RunRow).of("r"))


async def select_due(
    connection: Connection, node: str, now: datetime, limit: int
) -> list[FollowedRun]:
    """Lock and read the runs of a node's accounts of which it is to be seen who has read them."""
    async with connection.cursor(row_factory=class_row(FollowedRun)) as cursor:
        await cursor.execute(_DUE, {"node": node, "now": now, "limit": limit})
        return await cursor.fetchall()


async def next_at(connection: Connection, node: str) -> datetime | None:
    """Say when the next run of a node's accounts is to be looked at."""
    query = """
        SELECT r.follow_up_at FROM runs r JOIN accounts a ON a.id = r.account_id
        WHERE r.follow_up_at IS NOT NULL AND a.node_id = %s ORDER BY r.follow_up_at LIMIT 1
    """
    found = await (await connection.execute(query, [node])).fetchone()
    return found[0] if found else None


async def put_off(connection: Connection, run: str, until: datetime | None) -> None:
    """Look at a run then; None: never again."""
    await connection.execute("UPDATE runs SET follow_up_at = %s WHERE id = %s", [until, run])


async def unread_groups(connection: Connection, run: str, percent: int) -> list[str]:
    """List the groups to which a run was sent and where fewer than that have read it."""
    cursor = await connection.execute(
        """
        SELECT d.group_id FROM deliveries d
        CROSS JOIN LATERAL (
            SELECT count(*) FILTER (WHERE NOT later) AS members, count(read_at) AS read
            FROM recipients(d)
        ) c
        WHERE d.run_id = %s AND d.status = 'sent' AND c.read * 100 < %s * c.members
        ORDER BY d.position
        """,
        [run, percent],
    )
    return [group async for (group,) in cursor]
