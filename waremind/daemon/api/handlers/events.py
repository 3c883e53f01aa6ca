"""The request for events: those that are kept, and those to come."""

from collections.abc import Sequence

from waremind.daemon.api.arguments import parse_since
from waremind.daemon.services import Services
from waremind.daemon.system.caller import Caller
from waremind.domain.events import types_of
from waremind.errors import ErrorCode, WaremindError
from waremind.requests.events import Events, EventsEnd, EventsOverflow
from waremind.store import events as table

ID_DIGITS = 19  # of the largest that PostgreSQL counts to


async def events(services: Services, caller: Caller, request: Events) -> EventsEnd | EventsOverflow:
    """Tell what happened, in the order of ids, and with `follow` what happens."""
    types = types_of(request.types)
    until = await caller.wait(services.feed.decided())
    after = await _start(services, request, until)
    while True:
        told = await _tell(services, caller, types, after, until)
        if told is not None:
            return EventsOverflow(told)
        if not request.follow:
            return EventsEnd(until)
        after, until = until, await caller.wait(services.feed.beyond(until))


async def _tell(
    services: Services, caller: Caller, types: Sequence[str], after: int, until: int
) -> int | None:
    """Tell decided events; returns the last id that was told to a reader who is too slow."""
    async for page in services.feed.pages(after, until, types):
        for event in page:
            if not await caller.has_room():
                return after
            await caller.emit(event)
            after = event.id
    return None


async def _start(services: Services, request: Events, newest: int) -> int:
    """Say after which id to begin. Raises WaremindError `not_found` for one that is not there."""
    since = request.since
    async with services.database.connection() as connection:
        if since is None:
            return newest if request.follow else 0
        if not _is_id(since):
            at = parse_since(since, services.now())
            return min(newest, await table.before(connection, at)) if at else 0
        forgotten = await table.forgotten(connection)
    after = int(since)
    if after > newest:
        reason = f"the newest event is {newest}"
        hint = "was an older database restored? begin anew, by a time: --since 1h"
    elif 0 < after < forgotten:
        reason = f"events up to {forgotten} are kept no longer"
        hint = f"go on with what is kept: --since {forgotten}"
    else:
        return after
    raise WaremindError(
        ErrorCode.NOT_FOUND, f"cannot go on after event {since}: {reason}", hint=hint
    )


def _is_id(since: str) -> bool:
    return since.isascii() and since.isdigit() and len(since) <= ID_DIGITS
