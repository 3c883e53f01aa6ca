"""Requests about the audit log."""

from waremind.daemon.accounts.views import audit_entry_of
from waremind.daemon.api.arguments import since, valid_limit
from waremind.daemon.services import Daemon
from waremind.daemon.system.caller import Asking
from waremind.requests.daemon import Audit, AuditList
from waremind.store import audit as table


async def list_(daemon: Daemon, _asking: Asking, request: AuditList) -> Audit:
    """List who did what, newest first."""
    start, limit = since(request.since, daemon.now()), valid_limit(request.limit, "entries")
    async with daemon.database.connection() as connection:
        rows = await table.select(connection, start, limit)
    return Audit([audit_entry_of(row) for row in rows])
