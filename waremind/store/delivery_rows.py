"""The table `deliveries` as operators see it: how each one stands, and how many stand how."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from waremind.store.database import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRow:
    """A delivery, its group, how many members it is for, and how many have said something."""

    run_id: str
    group_id: str
    jid: str
    name: str
    status: str
    reason: str | None
    detail: str
    revoke_reason: str | None
    message_id: str | None
    attempts: int
    started_at: datetime | None
    node: str | None
    members: int
    delivered: int
    read: int


async def of_runs(connection: Connection, runs: Sequence[str]) -> list[DeliveryRow]:
    """Read the deliveries of runs, in their order, with what members say of each."""
    async with connection.cursor(row_factory=class_row(DeliveryRow)) as cursor:
        await cursor.execute(
            """
            SELECT d.run_id, d.group_id, g.jid, g.name, d.status, d.reason, d.detail,
                   d.revoke_reason, d.message_id, d.attempts, d.started_at, d.node,
                   c.members, c.delivered, c.read
            FROM deliveries d
            JOIN whatsapp_groups g ON g.id = d.group_id
            CROSS JOIN LATERAL (
                SELECT count(*) FILTER (WHERE NOT later) AS members,
                       count(delivered_at) AS delivered, count(read_at) AS read
                FROM recipients(d)
            ) c
            WHERE d.run_id = ANY (%s) ORDER BY d.run_id, d.position
            """,
            [list(runs)],
        )
        return await cursor.fetchall()


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientRow:
    """A member whom a delivery is for, or who came to its group later, and what it has said."""

    group_id: str
    lid: str
    phone: str | None
    name: str | None
    delivered_at: datetime | None
    read_at: datetime | None
    later: bool


async def recipients(connection: Connection, run: str) -> list[RecipientRow]:
    """Read whom a run is for: first who has said nothing, last who joined later."""
    async with connection.cursor(row_factory=class_row(RecipientRow)) as cursor:
        await cursor.execute(
            """
            SELECT d.group_id, m.*, n.name
            FROM deliveries d CROSS JOIN LATERAL recipients(d) m
            LEFT JOIN LATERAL (
                SELECT DISTINCT ON (s.lid) s.lid, s.name FROM group_members s
                WHERE s.group_id = d.group_id ORDER BY s.lid, s.until DESC
            ) n ON n.lid = m.lid
            WHERE d.run_id = %s
            ORDER BY m.later, m.delivered_at IS NOT NULL, m.read_at IS NOT NULL, n.name, m.phone,
                m.lid
            """,
            [run],
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
