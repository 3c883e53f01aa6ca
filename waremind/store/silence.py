"""The table `deliveries` where nobody has received what WhatsApp has accepted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row
from psycopg.sql import SQL

from waremind.store.database import Connection


@dataclass(frozen=True, slots=True)
class Silence:
    """A run of which a message reached nobody: the group's name, or JID, and when it was sent.

    `reminder_id` is None for what no reminder has to be looked at for: sends and rehearsals.
    """

    run_id: str
    reminder_id: str | None
    group: str
    sent_at: datetime


_SELECT = SQL(
    """
    SELECT * FROM (
        SELECT DISTINCT ON (d.run_id) d.run_id,
               CASE r.kind WHEN 'regular' THEN r.reminder_id END AS reminder_id,
               coalesce(nullif(g.name, ''), g.jid) AS group, d.finished_at AS sent_at
        FROM silent_since(%(before)s) d
        JOIN runs r ON r.id = d.run_id
        JOIN whatsapp_groups g ON g.id = d.group_id
        ORDER BY d.run_id, d.finished_at
    ) s
    """
)


async def of_reminders(
    connection: Connection, reminders: Sequence[str], before: datetime
) -> dict[str, Silence]:
    """Read which of these reminders had a run that reached nobody, the latest one of each."""
    where = SQL("WHERE s.reminder_id = ANY (%(reminders)s) ORDER BY s.sent_at")
    async with connection.cursor(row_factory=class_row(Silence)) as cursor:
        await cursor.execute(_SELECT + where, {"before": before, "reminders": list(reminders)})
        return {each.reminder_id: each async for each in cursor if each.reminder_id}


async def of_others(connection: Connection, before: datetime, limit: int) -> list[Silence]:
    """Read which runs of no reminder reached nobody, the oldest first."""
    where = SQL("WHERE s.reminder_id IS NULL ORDER BY s.sent_at LIMIT %(limit)s")
    async with connection.cursor(row_factory=class_row(Silence)) as cursor:
        await cursor.execute(_SELECT + where, {"before": before, "limit": limit})
        return await cursor.fetchall()


async def is_silent(connection: Connection, run: str) -> bool:
    """Tell whether something of a run was received by nobody, and not acknowledged yet."""
    query = """
        SELECT 1 FROM deliveries
        WHERE run_id = %s AND status = 'sent' AND received_at IS NULL
          AND acknowledged_at IS NULL AND message_id IS NOT NULL
    """
    return (await connection.execute(query, [run])).rowcount > 0


async def acknowledge(connection: Connection, run: str, now: datetime) -> bool:
    """Let what nobody has received of a run need nobody any more; False: there is no such."""
    done = await connection.execute(
        """
        UPDATE deliveries SET acknowledged_at = %s
        WHERE run_id = %s AND status = 'sent' AND received_at IS NULL
          AND acknowledged_at IS NULL AND message_id IS NOT NULL
        """,
        [now, run],
    )
    return done.rowcount > 0
