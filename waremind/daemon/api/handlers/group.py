"""Requests about groups."""

from waremind.daemon.accounts.views import group_of
from waremind.daemon.reminders.group_lookup import ambiguous
from waremind.daemon.services import Services
from waremind.daemon.system.caller import Caller
from waremind.domain.ids import canonical, shown
from waremind.errors import ErrorCode, WaremindError
from waremind.requests.group import GroupList, GroupResult, Groups, GroupShow
from waremind.store import groups as table
from waremind.store.groups import GroupRow


async def list_(services: Services, _caller: Caller, request: GroupList) -> Groups:
    """List groups, of one account or with a text in their names."""
    account = services.accounts.only(request.account)
    async with services.database.connection() as connection:
        rows = await table.select(connection, account)
    wanted = canonical(request.search or "").casefold()
    return Groups([group_of(row) for row in rows if wanted in row.name.casefold()])


async def show(services: Services, _caller: Caller, request: GroupShow) -> GroupResult:
    """Show one group."""
    async with services.database.connection() as connection:
        rows = await table.select(connection, key=request.group)
    return GroupResult(group_of(only(rows, request.group)))


def only(rows: list[GroupRow], key: str) -> GroupRow:
    """Take the one group that `key` names.

    Raises WaremindError `not_found`, or `ambiguous` with the candidates.
    """
    if not rows:
        message = f"cannot find group {shown(key)}: there is none with this id, JID or name"
        raise WaremindError(ErrorCode.NOT_FOUND, message, hint="waremind group list")
    if len(rows) > 1:
        raise ambiguous(key, rows)
    return rows[0]
