"""The table `audit_log`: who did what. It only grows."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from waremind.store.database import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """One entry; `uid` and `operator` are the word of the kernel of `node`."""

    at: datetime
    uid: int
    operator: str | None
    action: str
    target_kind: str
    target_id: str | None
    target_name: str | None
    detail: dict[str, Any]
    node: str | None = None
    id: int = 0


async def append(connection: Connection, row: AuditRow) -> None:
    """Write an entry in the transaction of what it tells of."""
    await connection.execute(
        "INSERT INTO audit_log"
        " (at, uid, operator, action, target_kind, target_id, target_name, detail, node)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [
            row.at,
            row.uid,
            row.operator,
            row.action,
            row.target_kind,
            row.target_id,
            row.target_name,
            Jsonb(row.detail),
            row.node,
        ],
    )


async def select(
    connection: Connection,
    since: datetime | None = None,
    limit: int = 0,
    *,
    before: int | None = None,
) -> list[AuditRow]:
    """Read entries, newest first, older than the one with the id `before`; `limit` 0 means all."""
    async with connection.cursor(row_factory=class_row(AuditRow)) as cursor:
        await cursor.execute(
            "SELECT id, at, uid, operator, action, target_kind, target_id, target_name, detail,"
            " node FROM audit_log WHERE at >= coalesce(%s, '-infinity'::timestamptz)"
            " AND id < coalesce(%s::bigint, 9223372036854775807)"
            " ORDER BY id DESC LIMIT nullif(%s, 0)",
            [since, before, limit],
        )
        return await cursor.fetchall()
