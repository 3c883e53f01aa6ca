"""Requests that bring an account's keys here from another program, or away."""

import asyncio

from msgspec.structs import replace

from waremind.daemon.accounts import handover, refusals
from waremind.daemon.accounts.account import Account
from waremind.daemon.accounts.inbox import Command, Keys
from waremind.daemon.api.handlers.account import shown_account
from waremind.daemon.services import Services
from waremind.daemon.system import audit
from waremind.daemon.system.caller import Caller
from waremind.device_store.content import Device, Mark
from waremind.domain.ids import shown
from waremind.domain.lifecycle import Cause, State, step
from waremind.domain.refusals import refusal
from waremind.errors import ErrorCode, WaremindError
from waremind.requests.account import (
    AccountExport,
    AccountExported,
    AccountImport,
    AccountImported,
    Exported,
)
from waremind.requests.core import checked
from waremind.store import linked_devices
from waremind.store.accounts import AccountRow

# A session that a start has begun to log out takes so long at most.
ENDING_SECONDS = 20.0


async def import_(services: Services, caller: Caller, request: AccountImport) -> AccountImported:
    """Take over a device that another program has linked."""
    if not 1 <= request.timeout_seconds <= handover.LONGEST_SECONDS:
        message = "cannot wait that long for an import: the timeout is not between 1 s and 10 min"
        raise WaremindError(ErrorCode.INVALID_INPUT, message, hint="--timeout 60s")
    account = services.accounts.get(request.account)
    _refuse(Cause.IMPORT, account.row)
    image = await _uploaded(caller, request.store)
    device, keys, mark = await asyncio.to_thread(
        handover.read, image, request.device, exclusive=request.exclusive
    )
    handover.refuse_other_number(account.row, device, allowed=request.new_number)
    await _refuse_used(services, account.row, device)
    row = await _taken_over(account, caller, request, keys)
    if not request.check and request.wait:
        row = await handover.follow(account, caller, request.timeout_seconds)
    return _imported(services, row, device, mark, request)


async def _refuse_used(services: Services, row: AccountRow, device: Device) -> None:
    """Raise WaremindError `conflict` for keys that another account uses, before anything is done.

    Of two that come at the same moment the one that is written second is refused there.
    """
    async with services.database.connection() as connection:
        other = await linked_devices.other_user(connection, row.id, device.name)
    if other:
        raise refusals.used_already(row.label, other)


async def _uploaded(caller: Caller, sha256: str) -> bytes:
    """Take what the caller has handed over; the daemon keeps it no longer than it needs it."""
    file = caller.uploads.whole(sha256)
    if file is None:
        message = f"cannot read the device store: {shown(sha256)} was not uploaded"
        hint = "upload it first, on the same connection"
        raise WaremindError(ErrorCode.INVALID_INPUT, message, hint=hint)
    image = b"".join([piece async for piece in file.pieces()])
    caller.uploads.close()
    return image


async def _taken_over(
    account: Account, caller: Caller, request: AccountImport, keys: Keys
) -> AccountRow:
    if (ending := account.effects.ending) and not request.check:
        await caller.wait(asyncio.wait([ending], timeout=ENDING_SECONDS))
    command = Command(Cause.IMPORT, caller.operator, keys=keys, check=request.check)
    return (await account.command(command)).row


def _imported(
    services: Services, row: AccountRow, device: Device, mark: Mark | None, request: AccountImport
) -> AccountImported:
    return AccountImported(
        changed=True,
        account=shown_account(services, row),
        device=device.name,
        exported=Exported(mark.account, mark.label, mark.at, mark.moved) if mark else None,
        check=checked(request),
    )


async def export(services: Services, caller: Caller, request: AccountExport) -> AccountExported:
    """Hand out the account's keys; when they have arrived, forget them here."""
    account = services.accounts.get(request.account)
    if request.arrived is not None:
        return await _forgotten(services, caller, request, account, request.arrived)
    row = account.row
    _refuse(Cause.EXPORT, row)
    assert row.device is not None  # noqa: S101 - the table: who can be exported has one
    answer = AccountExported(
        changed=request.move,
        account=shown_account(services, row),
        device=row.device,
        check=checked(request),
    )
    if request.check:
        return answer
    directory = services.accounts.keys_of(row.id, row.device)
    mark = handover.mark_for(row, services.now(), moved=request.move)
    store = await asyncio.to_thread(handover.write, directory, mark)
    # Before the keys leave: nobody has them whom the audit log does not name.
    async with services.database.transaction() as connection:
        target = ("account", row.id, row.label)
        action = AccountExport.method
        await audit.write(
            connection, services.now(), caller.operator, action, target, move=request.move
        )
    return replace(answer, store=store)


async def _forgotten(
    services: Services, caller: Caller, request: AccountExport, account: Account, device: int
) -> AccountExported:
    command = Command(Cause.EXPORT, caller.operator, device=device, check=request.check)
    result = await account.command(command)
    view = shown_account(services, result.row)
    return AccountExported(changed=True, account=view, device=device, check=checked(request))


def _refuse(cause: Cause, row: AccountRow) -> None:
    """Raise the refusal of a command that the account's state does not allow."""
    if row.state is State.DELETED or step(row.state, cause) is None:
        raise refusal(cause, row.state, row.label)
