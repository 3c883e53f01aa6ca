"""Writes an account's row where its session number still holds, with all that hangs on it."""

from dataclasses import asdict

from waremind.daemon.accounts.environment import AccountEnvironment
from waremind.daemon.system import audit
from waremind.domain.lifecycle import State
from waremind.objects import Operator
from waremind.store import accounts as table
from waremind.store import device_snapshots, holds
from waremind.store.accounts import AccountRow, Belongings
from waremind.store.deliveries import ChangedDelivery


class MovedOnError(Exception):
    """The stored row is not the one that we hold: its session number is another."""


async def write_row(
    environment: AccountEnvironment,
    before: AccountRow,
    row: AccountRow,
    action: str,
    operator: Operator | None,
    /,  # a detail may have any name
    **detail: object,
) -> Belongings | None:
    """Write `row` in place of `before`, and what who asked did (`action`), in one transaction.

    Returns what went with a deleted account: the audit log and the operator read the same. Raises
    MovedOnError, or WaremindError `database_unavailable`: it may then have been written.
    """
    gone: Belongings | None = None
    held: list[ChangedDelivery] = []
    async with environment.database.transaction() as connection:
        if row.state is State.DELETED:
            gone = await table.belongings(connection, row.id)
            detail |= asdict(gone)
            written = await table.delete(connection, row)
        else:
            written = await table.write_transition(connection, row, before.session)
        if not written:
            raise MovedOnError
        if row.device != before.device:
            await device_snapshots.keep_only(connection, row.id, row.device)
        if row.state is not State.CONNECTED or row.restricted_until:
            held = await holds.hold(connection, [row.id], environment.now())
        if operator:
            target = ("account", row.id, before.label)
            await audit.write(connection, environment.now(), operator, action, target, **detail)
    environment.changes.runs_changed(held)
    return gone
