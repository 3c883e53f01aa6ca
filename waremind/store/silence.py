"""The table `deliveries` where nobody has received what WhatsApp has accepted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

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


async def of_reminders(
    connection: Connection, reminders: Sequence[str], before: datetime
) -> dict[str, Silence]:
    """Read which of these reminders had a run that reached nobody, the latest one of each."""
    query = """
        SELECT s.run_id, v.id AS reminder_id, coalesce(nullif(g.name, ''), g.jid) AS group,
               s.finished_at AS sent_at
        FROM unnest(%(reminders)s::text[]) AS v (id)
        CROSS JOIN LATERAL (
            SELECT * FROM silent_since(%(before)s) WHERE alarm_of = v.id
            ORDER BY finished_at DESC LIMIT 1
        ) s
        JOIN whatsapp_groups g ON g.id = s.group_id
    """
    async with connection.cursor(row_factory=class_row(Silence)) as cursor:
        await cursor.execute(query, {"before": before, "reminders": list(reminders)})
        return {each.reminder_id: each async for each in cursor if each.reminder_id}


async def of_others(connection: Connection, before: datetime, limit: int) -> list[Silence]:
    """Read which runs of no reminder reached nobody, the oldest first."""
    # From one to the next that is of another run: as many steps as there are runs to be read.
    query = """
        WITH RECURSIVE silent (run_id, group_id, sent_at, seen) AS (
            (SELECT run_id, group_id, finished_at, ARRAY[run_id] FROM silent_since(%(before)s)
             WHERE alarm_of IS NULL ORDER BY finished_at LIMIT 1)
            UNION ALL
            SELECT n.run_id, n.group_id, n.finished_at, s.seen || n.run_id
            FROM silent s CROSS JOIN LATERAL (
                SELECT * FROM silent_since(%(before)s)
                WHERE alarm_of IS NULL AND finished_at >= s.sent_at AND run_id <> ALL (s.seen)
                ORDER BY finished_at LIMIT 1
            ) n
            WHERE cardinality(s.seen) < %(limit)s
        )
        SELECT s.run_id, NULL AS reminder_id, coalesce(nullif(g.name, ''), g.jid) AS group,
               s.sent_at
        FROM silent s JOIN whatsapp_groups g ON g.id = s.group_id ORDER BY s.sent_at
    """
    async with connection.cursor(row_factory=class_row(Silence)) as cursor:
        await cursor.execute(query, {"before": before, "limit": limit})
        return await cursor.fetchall()


async def acknowledge_unaddressed(connection: Connection, before: datetime) -> int:
    """Let what was sent before then, to a group without others, need nobody; returns how many."""
    done = await connection.execute(
        """
        UPDATE deliveries d SET acknowledged_at = finished_at
        FROM whatsapp_groups g
        WHERE g.id = d.group_id AND g.synced_at IS NOT NULL
          AND d.status = 'sent' AND d.received_at IS NULL AND d.acknowledged_at IS NULL
          AND d.message_id IS NOT NULL AND d.finished_at <= %s
          AND NOT EXISTS (SELECT 1 FROM recipients(d) m WHERE NOT m.later)
        """,
        [before],
    )
    return done.rowcount


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
