"""Requests that stop every outgoing message, and let them go again."""

from waremind.daemon.asking import Asking
from waremind.daemon.state import Daemon
from waremind.daemon.views import freeze_of
from waremind.objects import Freeze
from waremind.requests.core import checked
from waremind.requests.daemon import FreezeChanged, FreezeSet, Thaw
from waremind.store import holds as table
from waremind.store.accounts import AccountRow


async def freeze(daemon: Daemon, asking: Asking, request: FreezeSet) -> FreezeChanged:
    """Stop every outgoing message, of one account or of all."""
    account = _account(daemon, request.account)
    there = await _freeze(daemon, account)
    changed = there is None
    if changed and not request.check:
        changed = await daemon.holds.freeze(account and account.id, asking.operator, request.reason)
        there = await _freeze(daemon, account)
    return FreezeChanged(
        changed=changed, frozen=there, account=account and account.label, check=checked(request)
    )


async def thaw(daemon: Daemon, asking: Asking, request: Thaw) -> FreezeChanged:
    """End a freeze, and judge what it held."""
    account = _account(daemon, request.account)
    there = await _freeze(daemon, account)
    released = None if there is None else 0
    if there is not None and not request.check:
        released = await daemon.holds.thaw(account and account.id, asking.operator, request.held)
    return FreezeChanged(
        changed=released is not None,
        frozen=there if request.check else None,
        account=account and account.label,
        released=released or 0,
        check=checked(request),
    )


def _account(daemon: Daemon, key: str | None) -> AccountRow | None:
    return None if key is None else daemon.accounts.get(key).row


async def _freeze(daemon: Daemon, account: AccountRow | None) -> Freeze | None:
    """Read the freeze of an account, or (None) of everything."""
    wanted = account and account.id
    async with daemon.database.connection() as connection:
        rows = await table.select_freezes(connection)
    return next((freeze_of(row) for row in rows if row.account_id == wanted), None)
