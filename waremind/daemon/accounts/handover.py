"""A device's keys on their way from another program, or to one: checked, and only read."""

import asyncio
from collections.abc import Awaitable
from datetime import datetime
from pathlib import Path

from waremind.daemon.accounts.account import Account
from waremind.daemon.accounts.inbox import Keys
from waremind.daemon.accounts.progress import Progress
from waremind.daemon.system.caller import Caller
from waremind.device_store import content, files
from waremind.device_store.content import Device, Mark
from waremind.domain.ids import shown
from waremind.domain.lifecycle import MEANINGS, State
from waremind.domain.quoting import quoted
from waremind.domain.standing import STANDINGS, clause, told
from waremind.domain.wall_time import rfc3339
from waremind.errors import ErrorCode, WaremindError
from waremind.store.accounts import AccountRow
from waremind.whatsapp.keys import STORE
from waremind.whatsapp.reports import Identity

# Whoever else uses the keys and connects again at once takes them back within that time.
SETTLE_SECONDS = 2.0
LONGEST_SECONDS = 600

# How an import that did not end in `connected` is told, else `conflict`.
ENDS = {
    State.LOGGED_OUT: ErrorCode.REFUSED,
    State.REFUSED: ErrorCode.REFUSED,
    State.BANNED: ErrorCode.BANNED,
    State.TEMPORARY_BAN: ErrorCode.BANNED,
    State.CLIENT_OUTDATED: ErrorCode.CLIENT_OUTDATED,
    State.CONNECT_FAILED: ErrorCode.TIMED_OUT,
    State.CRASHED: ErrorCode.REFUSED,
    State.STOPPED: ErrorCode.DAEMON_UNREACHABLE,
}
_HINTS = {
    State.LOGGED_OUT: "the phone does not list it any more: waremind account pair {label}",
    State.REPLACED: "stop the other program, then: waremind account reconnect {label}",
    State.REPLACED_AGAIN: "stop the other program, then: waremind account reconnect {label}",
    State.CONNECT_FAILED: "it goes on by itself: waremind account show {label}",
}


def read(image: bytes, name: str | None, *, exclusive: bool) -> tuple[Device, Keys, Mark | None]:
    """Read a store that somebody has handed over, and choose the device in it.

    Raises WaremindError saying what is wrong with it. To be called in a thread.
    """
    with content.loaded(image) as store:
        device = content.chosen(store, name)
        content.refuse_foreign_keys(device)
        mark = content.take_mark(store)
        if mark and exclusive:
            raise files.unreadable("an export has no ratchets to keep", "leave out --exclusive")
        content.keep_only(store, device, ratchets=exclusive)
        return device, Keys(_identity(device), store.serialize(), exclusive), mark


def _identity(device: Device) -> Identity:
    push_name = device.push_name or None
    return Identity(device.jid, device.phone, device.account_lid, push_name, device.name)


def write(directory: Path, mark: Mark) -> bytes:
    """Make a marked copy of the keys in a session's directory, which the session may go on using.

    Raises WaremindError saying what is wrong with them. To be called in a thread.
    """
    # What lies beside the accounts' directories is removed at the next start, after a crash.
    with files.opened(directory / STORE, directory.parent.parent, files.LARGEST) as store:
        device = content.chosen(store, None)
        content.keep_only(store, device, ratchets=False)
        content.take_mark(store)
        content.mark(store, mark)
        return store.serialize()


def mark_for(row: AccountRow, now: datetime, *, moved: bool) -> Mark:
    """Say in an export whose it is."""
    return Mark(row.id, row.label, rfc3339(now), moved)


def refuse_other_number(row: AccountRow, device: Device, *, allowed: bool) -> None:
    """Raise WaremindError `different_number` for keys of another phone than the account had."""
    if allowed or row.phone in {None, device.phone}:
        return
    message = (
        f"cannot import account {shown(row.label)}: the keys are of {device.phone}, "
        f"and it had {row.phone}"
    )
    raise WaremindError(
        ErrorCode.DIFFERENT_NUMBER, message, hint="allow the other number with --new-number"
    )


async def follow(account: Account, caller: Caller, seconds: float) -> AccountRow:
    """Wait until an account that got keys is connected, and stays so for a moment.

    Raises WaremindError saying how that ended instead, `conflict` when another program uses the
    keys too, `timed_out` after `seconds`.
    """
    watch = account.progress.watch()
    try:
        row = account.row
        async with asyncio.timeout(seconds):
            while MEANINGS[row.state].live and row.state is not State.CONNECTED:
                row = await caller.wait(_next_row(watch))
        if row.state is State.CONNECTED:
            row = await caller.wait(_settled(row, _next_row(watch)))
    except TimeoutError:
        message = f"cannot import account {shown(account.row.label)}: it is still connecting"
        hint = f"it goes on: waremind account show {quoted(account.row.label)}"
        raise WaremindError(ErrorCode.TIMED_OUT, message, hint=hint) from None
    finally:
        account.progress.unwatch(watch)
    if row.state is not State.CONNECTED:
        raise _ended(row)
    return row


async def _next_row(watch: asyncio.Queue[Progress]) -> AccountRow:
    while not isinstance(progress := await watch.get(), AccountRow):
        pass  # a code to pair with: nobody has asked for one
    return progress


async def _settled(row: AccountRow, following: Awaitable[AccountRow]) -> AccountRow:
    """Give the next row if it comes soon, else `row`."""
    try:
        async with asyncio.timeout(SETTLE_SECONDS):
            return await following
    except TimeoutError:
        return row


def _ended(row: AccountRow) -> WaremindError:
    code = ENDS.get(row.state, ErrorCode.CONFLICT)
    known = row.state in STANDINGS
    reason = clause(told(row.state, row.detail)) if known else "it was deleted"
    hint = _HINTS.get(row.state, "waremind account show {label}").format(label=quoted(row.label))
    return WaremindError(code, f"cannot import account {shown(row.label)}: {reason}", hint=hint)
