"""What should have happened and has not: the oldest first, by the indexes that claims go by."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from waremind.store.database import Connection


@dataclass(frozen=True, slots=True)
class Waiting:
    """A reminder or an account, by kind and id, and since when something of it is due.

    What was tried in vain (`tries`) is due again later.
    """

    kind: str
    id: str
    name: str
    due_at: datetime
    tries: int


async def select_waiting(
    connection: Connection, labels: Mapping[str, str], now: datetime
) -> list[Waiting]:
    """Read the reminder that is due and not claimed, and the first delivery of accounts (by id)."""
    async with connection.cursor(row_factory=class_row(Waiting)) as cursor:
        await cursor.execute(
            """
            (SELECT 'reminder' AS kind, id, name, next_at AS due_at, 0 AS tries FROM reminders
             WHERE state = 'active' AND too_slow_since IS NULL AND next_at < %(now)s
             ORDER BY next_at LIMIT 1)
            UNION ALL
            SELECT 'account', a.id, a.label, d.due_at, d.tries
            FROM unnest(%(ids)s::text[], %(labels)s::text[]) AS a (id, label)
            CROSS JOIN LATERAL (
                (SELECT due_at, attempts AS tries FROM deliveries
                 WHERE account_id = a.id AND status = 'scheduled'
                 ORDER BY due_at, run_id, position LIMIT 1)
                UNION ALL
                (SELECT due_at, attempts - 1 FROM deliveries
                 WHERE account_id = a.id AND status = 'sending')
                ORDER BY due_at LIMIT 1
            ) d
            ORDER BY due_at
            """,
            {"ids": list(labels), "labels": list(labels.values()), "now": now},
        )
        return await cursor.fetchall()
