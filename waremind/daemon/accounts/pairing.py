"""A pairing as its operator sees it: codes while it lasts, and how each way it can end is told."""

import re

from waremind.daemon.accounts.account import Account
from waremind.daemon.accounts.inbox import PairingOptions
from waremind.daemon.accounts.progress import Progress
from waremind.daemon.system.caller import Caller
from waremind.domain.ids import plain, shown
from waremind.domain.lifecycle import MEANINGS, State
from waremind.domain.quoting import quoted
from waremind.domain.standing import STANDINGS, clause, told
from waremind.domain.wall_time import rfc3339
from waremind.errors import ErrorCode, WaremindError
from waremind.requests.account import AccountPair, PairCode, PairQr
from waremind.store.accounts import AccountRow
from waremind.whatsapp.reports import Code

# How a pairing that did not end in `connected` is told; what was written behind the daemon's
# back is a conflict.
ENDS = {
    State.PAIRING_TIMED_OUT: ErrorCode.PAIRING_TIMED_OUT,
    State.PAIRING_FAILED: ErrorCode.PAIRING_FAILED,
    State.PAIRING_OUTDATED: ErrorCode.CLIENT_OUTDATED,
    State.PAIRING_CANCELLED: ErrorCode.PAIRING_CANCELLED,
    State.UNPAIRING: ErrorCode.PAIRING_CANCELLED,
    State.UNPAIRED: ErrorCode.PAIRING_CANCELLED,
    State.DELETED: ErrorCode.PAIRING_CANCELLED,
    State.DIFFERENT_NUMBER: ErrorCode.DIFFERENT_NUMBER,
    State.PASSKEY_REQUIRED: ErrorCode.PASSKEY_REQUIRED,
    State.CONNECT_FAILED: ErrorCode.TIMED_OUT,
    State.CRASHED: ErrorCode.PAIRING_FAILED,
    State.LOGGED_OUT: ErrorCode.PAIRING_FAILED,
    State.CLIENT_OUTDATED: ErrorCode.CLIENT_OUTDATED,
    State.REFUSED: ErrorCode.REFUSED,
    State.BANNED: ErrorCode.BANNED,
    State.TEMPORARY_BAN: ErrorCode.BANNED,
    State.REPLACED: ErrorCode.CONFLICT,
    State.REPLACED_AGAIN: ErrorCode.CONFLICT,
    State.STARTING: ErrorCode.CONFLICT,
    State.STOPPED: ErrorCode.DAEMON_UNREACHABLE,
}

LONGEST_SECONDS = 3600

_PHONE = re.compile(r"\+?(?P<digits>[1-9][0-9]{6,14})")  # E.164
_TRUNK_PREFIX = re.compile(r"[(\[]\s*0\s*[)\]]")  # dialled inside the country only
_PUNCTUATION = re.compile(r"[\s()\[\]./\u2010-\u2015\u2212-]")


def phone_digits(text: str | None) -> str | None:
    """Read a phone number in international form, as people write it: `+49 (0)151 234-567`.

    Raises WaremindError `invalid_input`.
    """
    if text is None:
        return None
    found = _PHONE.fullmatch(_PUNCTUATION.sub("", _TRUNK_PREFIX.sub("", plain(text))))
    if found is None:
        message = f"cannot read the phone number {shown(text)}: it is not in international form"
        raise WaremindError(
            ErrorCode.INVALID_INPUT, message, hint="write it with the country code: +49151234567"
        )
    return found["digits"]


def options_of(request: AccountPair) -> PairingOptions:
    """Read what the operator allows.

    Raises WaremindError `invalid_input`.
    """
    if not 1 <= request.timeout_seconds <= LONGEST_SECONDS:
        message = "cannot wait that long for a pairing: the timeout is not between 1 s and 1 h"
        raise WaremindError(ErrorCode.INVALID_INPUT, message, hint="--timeout 160s")
    expect = phone_digits(request.expect)
    return PairingOptions(
        timeout_seconds=request.timeout_seconds,
        phone=phone_digits(request.phone),
        expect=expect and f"+{expect}",
        new_number=request.new_number,
    )


async def follow(account: Account, caller: Caller) -> AccountRow:
    """Send the codes as they come, until the account is connected.

    Raises WaremindError saying how the pairing ended instead.
    """
    watch = account.progress.watch()
    try:
        progress: Progress = account.row
        if account.code:
            await caller.emit(_code_event(account.code))
        while isinstance(progress, Code) or _is_pending(progress):
            if account.is_over and _is_pending(account.row):  # nobody here says how it ends
                raise _ended(account.row, "another node has it now")
            progress = await caller.wait(watch.get())
            if isinstance(progress, Code):
                await caller.emit(_code_event(progress))
            elif progress.state is State.DELETED:
                break
    finally:
        account.progress.unwatch(watch)
    if progress.state is not State.CONNECTED:
        raise _ended(progress)
    return progress


def _is_pending(row: AccountRow) -> bool:
    return MEANINGS[row.state].status == "pending"


def _code_event(code: Code) -> PairQr | PairCode:
    kind = PairQr if code.kind == "qr" else PairCode
    return kind(code.code, rfc3339(code.expires_at))


def _ended(row: AccountRow, reason: str = "") -> WaremindError:
    code = ENDS.get(row.state, ErrorCode.CONFLICT)
    known = row.state in STANDINGS
    reason = reason or (clause(told(row.state, row.detail)) if known else "it was deleted")
    hint = code.hint.replace("ACCOUNT", quoted(row.label))
    return WaremindError(code, f"cannot pair account {row.label!r}: {reason}", hint=hint)
