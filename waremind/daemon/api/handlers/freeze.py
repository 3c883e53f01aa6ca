"""Requests that stop every outgoing message, and let them go again."""

from waremind.daemon.accounts.views import freeze_of
from waremind.daemon.services import Services
from waremind.daemon.system.caller import Caller
from waremind.errors import ErrorCode, WaremindError
from waremind.objects import Freeze
from waremind.requests.core import checked
from waremind.requests.daemon import FreezeChanged, FreezeSet, Thaw
from waremind.store.accounts import AccountRow

LONGEST_REASON = 500


async def freeze(services: Services, caller: Caller, request: FreezeSet) -> FreezeChanged:
    """Stop every outgoing message, of one account or of all."""
    _check_reason(request.reason or "")
    account = await _account(services, request.account)
    await services.holds.read_freezes()  # another node may have frozen something at this moment
    there = _freeze(services, account)
    changed = there is None
    if changed and not request.check:
        changed = await services.holds.freeze(account, caller.operator, request.reason)
        there = _freeze(services, account)
    if not request.check:
        await caller.written(account and account.id)
        # From now on nothing does.
        await services.sender.departures.let_leave(account and account.id)
    return FreezeChanged(
        changed=changed, frozen=there, account=account and account.label, check=checked(request)
    )


async def thaw(services: Services, caller: Caller, request: Thaw) -> FreezeChanged:
    """End a freeze, and judge what it held."""
    account = await _account(services, request.account)
    await services.holds.read_freezes()
    there = _freeze(services, account)
    released = None if there is None else 0
    if there is not None and not request.check:
        released = await services.holds.thaw(account, caller.operator, request.held)
    return FreezeChanged(
        changed=released is not None,
        frozen=there if request.check else None,
        account=account and account.label,
        released=released or 0,
        check=checked(request),
    )


def _check_reason(reason: str) -> None:
    """Refuse what each `status` would have to repeat."""
    if len(reason) > LONGEST_REASON:
        message = (
            f"cannot give this reason: it has {len(reason)} characters, more than {LONGEST_REASON}"
        )
        raise WaremindError(ErrorCode.INVALID_INPUT, message, hint="say it in a sentence")


async def _account(services: Services, key: str | None) -> AccountRow | None:
    return None if key is None else await services.accounts.row(key)


def _freeze(services: Services, account: AccountRow | None) -> Freeze | None:
    """Find the freeze of an account, or (None) of everything."""
    row = services.holds.freeze_of(account and account.id)
    return freeze_of(row) if row else None
