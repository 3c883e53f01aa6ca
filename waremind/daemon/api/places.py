"""Where in a cluster a request is answered: a column of the one table of what can be asked.

On a single machine everything is answered here.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Any, Protocol

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from waremind import protocol
from waremind.daemon.accounts.refusals import MovedError
from waremind.daemon.services import Services
from waremind.daemon.system.caller import Caller
from waremind.daemon.system.relay import Asked, LostError, NotBegunError, Relay
from waremind.domain.quoting import quoted
from waremind.errors import ErrorCode, WaremindError
from waremind.protocol import ErrorObject
from waremind.store import nodes
from waremind.store.accounts import AccountRow

Handler = Callable[[Services, Caller, Any], Awaitable[Any]]

OWNER_SECONDS = 5.0  # for an account to have a node that begins with what is asked
LOOK_SECONDS = 0.1


class Place(Protocol):
    """How a request of a node's client comes to its answer."""

    async def __call__(
        self, relay: Relay, answer: Handler, services: Services, caller: Caller, request: Any
    ) -> Any:
        """Give the result. Raises WaremindError."""
        ...


class RemoteAnswer(Struct, frozen=True):
    """What a node answers to another one: a result, an error, or that it has not the account."""

    result: Raw | UnsetType = UNSET
    error: ErrorObject | UnsetType = UNSET
    moved: bool | UnsetType = UNSET


async def here(
    relay: Relay,  # noqa: ARG001 - a Place
    answer: Handler,
    services: Services,
    caller: Caller,
    request: Any,
) -> Any:
    """Answer here: from the database, or of this node itself."""
    return await answer(services, caller, request)


async def here_and_wake(
    relay: Relay, answer: Handler, services: Services, caller: Caller, request: Any
) -> Any:
    """Write here what is asked for, and wake the nodes that have to act on it."""
    if request.check:
        return await answer(services, caller, request)
    is_woken = False

    async def written(account: str | None) -> None:
        nonlocal is_woken
        is_woken = True
        if account is None or services.accounts.find(account) is None:
            await relay.wake_others(account)

    try:
        return await answer(services, replace(caller, written=written), request)
    finally:
        if not is_woken:
            await relay.wake_others(None)


def _no_file(_request: Any) -> str | None:
    return None


def by_owner(file_of: Callable[[Any], str | None] = _no_file) -> Place:
    """Have it done by the node that has the account, by the same handler, in the caller's name.

    `file_of` names the digest of the file that was uploaded for a request: it goes along.
    """
    return partial(_by_owner, file_of)


async def _by_owner(  # noqa: PLR0913, PLR0917 - a Place, and which file goes along
    file_of: Callable[[Any], str | None],
    relay: Relay,
    answer: Handler,
    services: Services,
    caller: Caller,
    request: Any,
) -> Any:
    until = time.monotonic() + OWNER_SECONDS
    while True:
        row = await _not_ours(services, request.account)
        is_over = time.monotonic() > until
        try:
            if row is None:  # ours, or nobody's: the handler says so
                return await answer(services, caller, request)
            if is_over:
                raise await _unreachable(services, row)
            if _is_elsewhere(services, row):
                return await _ask(relay, services, caller, request, row, file_of(request))
        except NotBegunError:
            pass  # it may be another node's by now, or ours
        except MovedError:
            if is_over:
                raise
        await asyncio.sleep(LOOK_SECONDS)


async def _not_ours(services: Services, account: str) -> AccountRow | None:
    """Find the row of an account that this node has not; None: it has, or there is none."""
    if services.accounts.find(account):
        return None
    return await services.accounts.find_row(account)


def _is_elsewhere(services: Services, row: AccountRow) -> bool:
    """Tell whether another node has the account, as far as is known."""
    membership = services.runtime.membership
    return row.node_id not in {None, membership.node, *membership.lost_nodes()}


async def _ask(  # noqa: PLR0913, PLR0917 - what is asked, of whom, for whom
    relay: Relay,
    services: Services,
    caller: Caller,
    request: Any,
    row: AccountRow,
    sha256: str | None,
) -> Raw:
    """Have the account's node answer. Raises NotBegunError, and WaremindError."""
    line = protocol.encode_call(0, msgspec.structs.replace(request, account=row.id)).decode()
    file = caller.uploads.whole(sha256) if sha256 else None
    upload = b"".join([piece async for piece in file.pieces()]) if file else None

    async def emit(event: str) -> None:
        await caller.emit(Raw(event.encode()))

    try:
        said = await relay.ask(row.node_id or "", caller, Asked(line, upload), emit)
    except LostError:
        raise await _lost(services, row) from None
    answer = msgspec.json.decode(said, type=RemoteAnswer)
    if answer.error is not UNSET:
        raise protocol.failure_of(answer.error)
    if answer.result is UNSET:
        raise NotBegunError
    return answer.result


async def _unreachable(services: Services, row: AccountRow) -> WaremindError:
    name = await _name_of(services, row)
    reason = f"node {name} has it, and does not answer" if name else "no node has it now"
    message = f"cannot reach account {quoted(row.label)}: {reason}"
    who = f"node {name}" if name else "the nodes"
    hint = f"nothing was done; try again when waremind status no longer calls {who} lost"
    return WaremindError(ErrorCode.NODE_UNREACHABLE, message, hint=hint)


async def _lost(services: Services, row: AccountRow) -> WaremindError:
    name = await _name_of(services, row)
    who = f"node {name}, which had it," if name else "the node that had it"
    message = f"cannot go on with account {quoted(row.label)}: {who} does not answer any more"
    hint = f"it may have been done: waremind account show {quoted(row.label)}; then try again"
    return WaremindError(ErrorCode.NODE_UNREACHABLE, message, hint=hint)


async def _name_of(services: Services, row: AccountRow) -> str | None:
    async with services.database.connection() as connection:
        name = await nodes.name_of(connection, row.node_id)
    return quoted(name) if name else None
