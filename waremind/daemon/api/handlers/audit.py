"""Requests about the audit log."""

from waremind.daemon.accounts.views import audit_entry_of
from waremind.daemon.api.arguments import parse_since, valid_limit
from waremind.daemon.services import Services
from waremind.daemon.system.caller import Caller
from waremind.requests.daemon import Audit, AuditList
from waremind.store import audit as table


async def list_(services: Services, _caller: Caller, request: AuditList) -> Audit:
    """List who did what, newest first."""
    start, limit = parse_since(request.since, services.now()), valid_limit(request.limit, "entries")
    async with services.database.connection() as connection:
        rows = await table.select(connection, start, limit)
    return Audit([audit_entry_of(row) for row in rows])
