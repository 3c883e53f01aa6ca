"""Requests about accounts."""

import asyncio

from waremind.daemon.accounts import refusals
from waremind.daemon.accounts.account import Account
from waremind.daemon.accounts.inbox import Command, CommandResult, Rename
from waremind.daemon.accounts.pairing import follow, options_of
from waremind.daemon.accounts.views import account_of
from waremind.daemon.services import Services
from waremind.daemon.system.caller import Caller
from waremind.domain.ids import shown, valid_name
from waremind.domain.lifecycle import MEANINGS, Cause, State
from waremind.errors import ErrorCode, WaremindError
from waremind.objects import Account as AccountObject
from waremind.requests.account import (
    AccountAdd,
    AccountChanged,
    AccountDelete,
    AccountDeleted,
    AccountList,
    AccountPair,
    AccountReconnect,
    AccountRename,
    AccountResult,
    Accounts,
    AccountShow,
    AccountSync,
    AccountUnpair,
    AccountUnpaired,
    PairConnected,
    PairPending,
)
from waremind.requests.core import checked
from waremind.store.accounts import AccountRow, taken

# An unpair is answered within 5 s, whatever is under way.
ANSWER_SECONDS = 4.8

STATUSES = sorted({meaning.status for meaning in MEANINGS.values()})


def shown_account(services: Services, row: AccountRow) -> AccountObject:
    """Show an account as it is now. Raises WaremindError `not_found` for one that is deleted."""
    if row.state is State.DELETED:  # while whoever asks was waiting for something
        raise refusals.deleted(row.label)
    node = services.runtime.membership.name_of(row.node_id)
    return account_of(row, services.now(), services.holds.freeze_of(row.id), node)


async def add(services: Services, caller: Caller, request: AccountAdd) -> AccountChanged:
    """Create an unpaired account."""
    label = valid_name(request.label, "an account")
    if request.check:
        there = await services.accounts.find_row(label)
        row = there or services.accounts.draft(label)
        changed = there is None
    else:
        row, changed = await services.accounts.add(label, caller.operator)
    if not (changed or request.exist_ok):
        raise taken(label)
    return AccountChanged(
        changed=changed, account=shown_account(services, row), check=checked(request)
    )


async def list_(services: Services, _caller: Caller, request: AccountList) -> Accounts:
    """List the accounts; the transient pending ones only when asked for."""
    if request.status not in {None, *STATUSES}:
        message = f"cannot list accounts: there is no status {shown(request.status or '')}"
        raise WaremindError(ErrorCode.INVALID_INPUT, message, hint="one of " + ", ".join(STATUSES))
    accounts = [shown_account(services, row) for row in await services.accounts.known()]
    if request.status:
        return Accounts([a for a in accounts if a.status == request.status])
    return Accounts([a for a in accounts if request.all or a.status != "pending"])


async def show(services: Services, _caller: Caller, request: AccountShow) -> AccountResult:
    """Show one account."""
    return AccountResult(shown_account(services, await services.accounts.row(request.account)))


async def pair(
    services: Services, caller: Caller, request: AccountPair
) -> PairPending | PairConnected:
    """Link the account's device, or join a pairing that is under way; streams its codes."""
    account = services.accounts.get(request.account)
    cause = Cause.PAIR_FRESH if request.fresh else Cause.PAIR
    command = Command(cause, caller.operator, options_of(request), check=request.check)
    result = await account.command(command)
    view = shown_account(services, result.row)
    if request.check or view.status == "connected":
        return PairConnected(changed=result.changed, account=view, check=checked(request))
    # The old device is logged out before there is a new code.
    removed = not request.fresh or await _device_removed(result)
    pending = PairPending(view, result.changed, device_removed=removed)
    if not request.wait:
        return pending
    await caller.emit(pending)
    row = await follow(account, caller)
    return PairConnected(changed=True, account=shown_account(services, row))


async def unpair(services: Services, caller: Caller, request: AccountUnpair) -> AccountUnpaired:
    """Unlink the device; the answer comes when its session is gone."""
    account = services.accounts.get(request.account)
    result = await account.command(Command(Cause.UNPAIR, caller.operator, check=request.check))
    removed = True if request.check else await _device_removed(result)
    return AccountUnpaired(
        changed=result.changed,
        account=shown_account(services, result.row),
        device_removed=removed,
        check=checked(request),
    )


async def _device_removed(result: CommandResult) -> bool:
    ending = result.device_removed
    if ending is None:
        return True
    # Only a logout that a start has begun takes longer; it goes on.
    done, _ = await asyncio.wait([ending], timeout=ANSWER_SECONDS)
    return bool(done) and ending.result()


async def sync(services: Services, caller: Caller, request: AccountSync) -> AccountChanged:
    """Fetch the groups now."""
    account = services.accounts.get(request.account)
    result = await account.command(Command(Cause.SYNC, caller.operator, check=request.check))
    changed = result.changed
    if result.synced and not request.check:
        changed = await caller.wait(asyncio.shield(result.synced))
    return _changed(services, account, request, changed=changed)


async def reconnect(
    services: Services, caller: Caller, request: AccountReconnect
) -> AccountChanged:
    """End the session and open the next one."""
    account = services.accounts.get(request.account)
    result = await account.command(Command(Cause.RECONNECT, caller.operator, check=request.check))
    return _changed(services, account, request, changed=result.changed)


async def rename(services: Services, caller: Caller, request: AccountRename) -> AccountChanged:
    """Give another label; the id stays."""
    account = services.accounts.get(request.account)
    label = valid_name(request.label, "an account")
    there = await services.accounts.find_row(label)
    if there and there.id != account.row.id:
        raise taken(label)
    result = await account.command(Rename(label, caller.operator, check=request.check))
    return _changed(services, account, request, changed=result.changed)


def _changed(
    services: Services,
    account: Account,
    request: AccountSync | AccountReconnect | AccountRename,
    *,
    changed: bool,
) -> AccountChanged:
    view = shown_account(services, account.row)
    return AccountChanged(changed=changed, account=view, check=checked(request))


async def delete(services: Services, caller: Caller, request: AccountDelete) -> AccountDeleted:
    """Delete the account with all that belongs to it, and log its device out."""
    try:
        account = services.accounts.get(request.account)
        view = shown_account(services, account.row)
        result = await account.command(Command(Cause.DELETE, caller.operator, check=request.check))
    except WaremindError as error:
        if request.missing_ok and error.code is ErrorCode.NOT_FOUND:
            return AccountDeleted(changed=False, account=None, check=checked(request))
        raise
    removed = True if request.check else await _device_removed(result)
    gone = result.belongings
    return AccountDeleted(
        changed=True,
        account=view,
        groups=gone.groups if gone else 0,
        reminders=gone.reminders if gone else 0,
        runs=gone.runs if gone else 0,
        device_removed=removed,
        check=checked(request),
    )
