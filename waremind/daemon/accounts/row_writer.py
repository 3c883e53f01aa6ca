"""Writes an account's row where its session number still holds, with all that hangs on it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from waremind.daemon.accounts import refusals
from waremind.daemon.accounts.environment import AccountEnvironment
from waremind.daemon.system import audit
from waremind.domain.lifecycle import State
from waremind.objects import Operator
from waremind.store import accounts as table
from waremind.store import device_snapshots, holds, linked_devices
from waremind.store.accounts import AccountRow, Belongings
from waremind.store.deliveries import ChangedDelivery


class MovedOnError(Exception):
    """The stored row is not the one that we hold: its session number is another."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """What a row is written for: what was done, and by whom, where somebody has asked for it.

    `device` is the JID of the device whose keys the account has, where that was heard.
    """

    action: str = ""
    operator: Operator | None = None
    detail: Mapping[str, object] = field(default_factory=dict[str, object])
    device: str | None = None


async def write_row(
    environment: AccountEnvironment, before: AccountRow, row: AccountRow, occasion: Occasion
) -> Belongings | None:
    """Write `row` in place of `before`, and what who asked did, in one transaction.

    Returns what went with a deleted account: the audit log and the operator read the same. Raises
    MovedOnError; or WaremindError `conflict` for keys that another account uses, or
    `database_unavailable`: it may then have been written.
    """
    gone: Belongings | None = None
    held: list[ChangedDelivery] = []
    operator, detail = occasion.operator, dict(occasion.detail)
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
            if row.device is None:
                await linked_devices.forget(connection, row.id)
        if row.device and occasion.device:
            other = await linked_devices.claim(connection, row.id, occasion.device)
            if other and operator:  # what WhatsApp says is as it says, whoever had it before
                raise refusals.used_already(row.label, other)
        if row.state is not State.CONNECTED or row.restricted_until:
            held = await holds.hold(connection, [row.id], environment.now())
        if operator:
            target = ("account", row.id, before.label)
            now, action = environment.now(), occasion.action
            await audit.write(connection, now, operator, action, target, **detail)
    environment.changes.runs_changed(held)
    return gone
