"""Who did what: entries of the audit log, written with what they tell of."""

from datetime import datetime
from typing import Any

from waremind.objects import Operator
from waremind.store import audit as table
from waremind.store.audit import AuditRow, Connection


async def write(
    connection: Connection,
    now: datetime,
    operator: Operator,
    action: str,
    target: tuple[str, str | None, str | None],
    **detail: Any,
) -> None:
    """Note that `operator` did `action` to `target` (its kind, id and name)."""
    kind, id_, name = target
    row = AuditRow(
        at=now,
        uid=operator.uid,
        operator=operator.name,
        action=action,
        target_kind=kind,
        target_id=id_,
        target_name=name,
        detail=detail,
        node=operator.node,
    )
    await table.append(connection, row)
