"""The table `deliveries` as operators see it: how each one stands, and how many stand how."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from waremind.store.database import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRow:
    """A delivery, its group and how many receipts it has."""

    run_id: str
    group_id: str
    jid: str
    name: str
    status: str
    reason: str | None
    detail: str
    message_id: str | None
    attempts: int
    delivered: int
    read: int


async def of_runs(connection: Connection, runs: Sequence[str]) -> list[DeliveryRow]:
    """Read the deliveries of runs, in their order, with how many receipts each has."""
    async with connection.cursor(row_factory=class_row(DeliveryRow)) as cursor:
        await cursor.execute(
            """
            SELECT d.run_id, d.group_id, g.jid, g.name, d.status, d.reason, d.detail,
                   d.message_id, d.attempts, c.delivered, c.read
            FROM deliveries d
            JOIN whatsapp_groups g ON g.id = d.group_id
            CROSS JOIN LATERAL (
                SELECT count(*) AS delivered, count(read_at) AS read
                FROM receipts WHERE run_id = d.run_id AND group_id = d.group_id
            ) c
            WHERE d.run_id = ANY (%s) ORDER BY d.run_id, d.position
            """,
            [list(runs)],
        )
        return await cursor.fetchall()


@dataclass(frozen=True, slots=True)
class Counts:
    """How many deliveries are due, held, failed lately, or of unknown outcome."""

    due: int
    held: int
    failed: int
    unknown: int


async def count(connection: Connection, failed_since: datetime) -> Counts:
    """Count what an operator looks at first."""
    async with connection.cursor(row_factory=class_row(Counts)) as cursor:
        await cursor.execute(
            """
            SELECT
                (SELECT count(*) FROM deliveries WHERE status = 'scheduled')
                    + (SELECT count(*) FROM deliveries WHERE status = 'sending') AS due,
                (SELECT count(*) FROM deliveries WHERE status = 'held') AS held,
                (SELECT count(*) FROM deliveries
                 WHERE status = 'failed' AND finished_at >= %s) AS failed,
                (SELECT count(*) FROM deliveries WHERE status = 'unknown') AS unknown
            """,
            [failed_since],
        )
        return await cursor.fetchone() or Counts(0, 0, 0, 0)
