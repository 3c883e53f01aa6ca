"""Requests about the audit log."""

from waremind.daemon.accounts.views import audit_entry_of
from waremind.daemon.api.arguments import parse_since, valid_limit
from waremind.daemon.api.listing import Listing, shown_pages
from waremind.daemon.services import Services
from waremind.daemon.system.caller import Caller
from waremind.requests.daemon import AuditList
from waremind.store import audit as table
from waremind.store.audit import AuditRow


async def list_(services: Services, _caller: Caller, request: AuditList) -> Listing:
    """List who did what, newest first."""
    start, limit = parse_since(request.since, services.now()), valid_limit(request.limit, "entries")

    async def read(last: AuditRow | None, size: int) -> list[AuditRow]:
        async with services.database.connection() as connection:
            return await table.select(connection, start, size, before=last and last.id)

    return Listing("audit", shown_pages(read, audit_entry_of, limit))
