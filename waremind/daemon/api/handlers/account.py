"""Requests about accounts."""

import asyncio

from waremind.daemon.accounts.account import Account
from waremind.daemon.accounts.inbox import Command, Rename, Turn
from waremind.daemon.accounts.pairing import follow, terms_of
from waremind.daemon.accounts.views import account_of
from waremind.daemon.services import Daemon
from waremind.daemon.system.caller import Asking
from waremind.domain.ids import shown, valid_name
from waremind.domain.lifecycle import MEANINGS, Cause
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


def _shown(daemon: Daemon, row: AccountRow) -> AccountObject:
    return account_of(row, daemon.now(), daemon.holds.freeze_of(row.id))


async def add(daemon: Daemon, asking: Asking, request: AccountAdd) -> AccountChanged:
    """Create an unpaired account."""
    label = valid_name(request.label, "an account")
    there = daemon.accounts.find(label)
    if there is None and request.check:
        row, changed = daemon.accounts.draft(label), True
    elif there is None:
        row, changed = await daemon.accounts.add(label, asking.operator), True
    elif request.exist_ok:
        row, changed = there.row, False
    else:
        raise taken(label)
    return AccountChanged(changed=changed, account=_shown(daemon, row), check=checked(request))


async def list_(daemon: Daemon, _asking: Asking, request: AccountList) -> Accounts:
    """List the accounts; the transient pending ones only when asked for."""
    if request.status not in {None, *STATUSES}:
        message = f"cannot list accounts: there is no status {shown(request.status or '')}"
        raise WaremindError(ErrorCode.INVALID_INPUT, message, hint="one of " + ", ".join(STATUSES))
    accounts = [_shown(daemon, row) for row in daemon.accounts.rows()]
    if request.status:
        return Accounts([a for a in accounts if a.status == request.status])
    return Accounts([a for a in accounts if request.all or a.status != "pending"])


async def show(daemon: Daemon, _asking: Asking, request: AccountShow) -> AccountResult:
    """Show one account."""
    return AccountResult(_shown(daemon, daemon.accounts.get(request.account).row))


async def pair(daemon: Daemon, asking: Asking, request: AccountPair) -> PairPending | PairConnected:
    """Link the account's device, or join a pairing that is under way; streams its codes."""
    account = daemon.accounts.get(request.account)
    cause = Cause.PAIR_FRESH if request.fresh else Cause.PAIR
    command = Command(cause, asking.operator, terms_of(request), check=request.check)
    turn = await account.command(command)
    view = _shown(daemon, turn.row)
    if request.check or view.status == "connected":
        return PairConnected(changed=turn.changed, account=view, check=checked(request))
    # The old device is logged out before there is a new code.
    removed = not request.fresh or await _device_removed(turn)
    pending = PairPending(view, turn.changed, device_removed=removed)
    if not request.wait:
        return pending
    asking.emit(pending)
    row = await follow(account, asking)
    return PairConnected(changed=True, account=_shown(daemon, row))


async def unpair(daemon: Daemon, asking: Asking, request: AccountUnpair) -> AccountUnpaired:
    """Unlink the device; the answer comes when its session is gone."""
    account = daemon.accounts.get(request.account)
    turn = await account.command(Command(Cause.UNPAIR, asking.operator, check=request.check))
    removed = True if request.check else await _device_removed(turn)
    return AccountUnpaired(
        changed=turn.changed,
        account=_shown(daemon, turn.row),
        device_removed=removed,
        check=checked(request),
    )


async def _device_removed(turn: Turn) -> bool:
    ending = turn.device_removed
    if ending is None:
        return True
    # Only a logout that a start has begun takes longer; it goes on.
    done, _ = await asyncio.wait([ending], timeout=ANSWER_SECONDS)
    return bool(done) and ending.result()


async def sync(daemon: Daemon, asking: Asking, request: AccountSync) -> AccountChanged:
    """Fetch the groups now."""
    account = daemon.accounts.get(request.account)
    turn = await account.command(Command(Cause.SYNC, asking.operator, check=request.check))
    changed = turn.changed
    if turn.synced and not request.check:
        changed = await asyncio.shield(turn.synced)
    return _changed(daemon, account, request, changed=changed)


async def reconnect(daemon: Daemon, asking: Asking, request: AccountReconnect) -> AccountChanged:
    """End the session and open the next one."""
    account = daemon.accounts.get(request.account)
    turn = await account.command(Command(Cause.RECONNECT, asking.operator, check=request.check))
    return _changed(daemon, account, request, changed=turn.changed)


async def rename(daemon: Daemon, asking: Asking, request: AccountRename) -> AccountChanged:
    """Give another label; the id stays."""
    account = daemon.accounts.get(request.account)
    label = valid_name(request.label, "an account")
    if daemon.accounts.find(label) not in {None, account}:
        raise taken(label)
    turn = await account.command(Rename(label, asking.operator, check=request.check))
    return _changed(daemon, account, request, changed=turn.changed)


def _changed(
    daemon: Daemon,
    account: Account,
    request: AccountSync | AccountReconnect | AccountRename,
    *,
    changed: bool,
) -> AccountChanged:
    view = _shown(daemon, account.row)
    return AccountChanged(changed=changed, account=view, check=checked(request))


async def delete(daemon: Daemon, asking: Asking, request: AccountDelete) -> AccountDeleted:
    """Delete the account with all that belongs to it, and log its device out."""
    account = daemon.accounts.find(request.account)
    if account is None:
        if request.missing_ok:
            return AccountDeleted(changed=False, account=None, check=checked(request))
        account = daemon.accounts.get(request.account)
    view = _shown(daemon, account.row)
    turn = await account.command(Command(Cause.DELETE, asking.operator, check=request.check))
    removed = True if request.check else await _device_removed(turn)
    gone = turn.belongings
    return AccountDeleted(
        changed=True,
        account=view,
        groups=gone.groups if gone else 0,
        reminders=gone.reminders if gone else 0,
        runs=gone.runs if gone else 0,
        device_removed=removed,
        check=checked(request),
    )
