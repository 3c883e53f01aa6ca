"""How late messages left, and when the first receipt of each came."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from waremind.store.database import Connection


@dataclass(frozen=True, slots=True)
class LeftLate:
    """A message that was sent: how long after its occurrence it left, and when it had ended."""

    run_id: str
    group_id: str
    late_seconds: float
    finished_at: datetime


async def left_late(connection: Connection, events: Sequence[int]) -> list[LeftLate]:
    """Read the messages that these events (`delivery.sent`, by id) tell of and that are kept."""
    async with connection.cursor(row_factory=class_row(LeftLate)) as cursor:
        await cursor.execute(
            """
            SELECT e.run_id, e.group_id, d.finished_at,
                   greatest(0, extract(epoch FROM (d.started_at - r.occurs_at)))::float8
                       AS late_seconds
            FROM events e
            JOIN runs r ON r.id = e.run_id
            JOIN deliveries d ON d.run_id = e.run_id AND d.group_id = e.group_id
            WHERE e.id = ANY (%s) AND e.type = 'delivery.sent'
              AND d.started_at IS NOT NULL AND d.finished_at IS NOT NULL
            """,
            [list(events)],
        )
        return await cursor.fetchall()


async def first_receipts(
    connection: Connection, messages: Sequence[tuple[str, str]]
) -> list[tuple[str, str, datetime]]:
    """Read when the first receipt came of those of these messages (run, group) that have one."""
    cursor = await connection.execute(
        """
        SELECT m.run_id, m.group_id, f.at
        FROM unnest(%s::text[], %s::text[]) AS m (run_id, group_id)
        CROSS JOIN LATERAL (
            SELECT min(delivered_at) AS at FROM receipts
            WHERE run_id = m.run_id AND group_id = m.group_id
        ) f
        WHERE f.at IS NOT NULL
        """,
        [[run for run, _ in messages], [group for _, group in messages]],
    )
    return await cursor.fetchall()
