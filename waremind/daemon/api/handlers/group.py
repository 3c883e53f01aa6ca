"""Requests about groups."""

from collections.abc import AsyncGenerator, Sequence

from waremind.daemon.accounts.views import group_of
from waremind.daemon.api.listing import Listing, pages
from waremind.daemon.reminders.group_lookup import ambiguous, near
from waremind.daemon.services import Services
from waremind.daemon.system.caller import Caller
from waremind.domain.ids import parse_reference, plain, shown, suggesting
from waremind.errors import ErrorCode, WaremindError
from waremind.objects import Group
from waremind.requests.group import GroupList, GroupResult, GroupShow
from waremind.store import groups as table
from waremind.store.groups import GroupRow


async def list_(services: Services, _caller: Caller, request: GroupList) -> Listing:
    """List groups, of one account or with a text in their names."""
    account = await services.accounts.only(request.account)
    wanted = plain(request.search or "").casefold()

    async def read(last: GroupRow | None, size: int) -> list[GroupRow]:
        async with services.database.connection() as connection:
            return await table.select(connection, account, after=last, limit=size)

    async def found() -> AsyncGenerator[list[Group]]:
        async for rows in pages(read):
            yield [group_of(row) for row in rows if wanted in plain(row.name).casefold()]

    return Listing("groups", found())


async def show(services: Services, _caller: Caller, request: GroupShow) -> GroupResult:
    """Show one group."""
    async with services.database.connection() as connection:
        found = await table.select(connection, reference=parse_reference(request.group))
        if not found:
            raise _absent(request.group, await table.select(connection))
    if len(found) > 1:
        raise ambiguous(request.group, found)
    return GroupResult(group_of(found[0]))


def _absent(key: str, groups: Sequence[GroupRow]) -> WaremindError:
    message = f"cannot find group {shown(key)}: there is none with this id, JID or name"
    hint = suggesting(near(key, groups), "waremind group list")
    return WaremindError(ErrorCode.NOT_FOUND, message, hint=hint)
