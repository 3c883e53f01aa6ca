"""All that needs a person: freezes, accounts, reminders."""

from collections.abc import Sequence

import msgspec

from waremind.daemon.reminder_attention import ACCOUNT_TROUBLES
from waremind.daemon.reminder_views import reminders_of
from waremind.daemon.state import Daemon
from waremind.daemon.views import frozen, timestamp
from waremind.objects import Account, Attention, StatusAttention
from waremind.store import reminders as reminders_table
from waremind.store.database import Connection
from waremind.store.holds import FreezeRow

# A glance: who has more troubled reminders than these lists them all.
MOST_REMINDERS = 50
THAW = "waremind thaw"


async def attention_of_all(
    daemon: Daemon,
    connection: Connection,
    accounts: Sequence[Account],
    freeze: FreezeRow | None,
) -> list[StatusAttention]:
    """List what needs a person, the daemon's own needs first; `freeze` is that of everything."""
    found: list[StatusAttention] = []
    if freeze:
        found.append(_of("daemon", None, None, frozen(freeze, "outgoing messages are", THAW)))
    for account in accounts:
        found += [_of("account", account.id, account.label, entry) for entry in account.attention]
    silent = [account.id for account in accounts if account.status in ACCOUNT_TROUBLES]
    rows = await reminders_table.select_troubled(connection, silent, MOST_REMINDERS + 1)
    for reminder in await reminders_of(daemon, connection, rows[:MOST_REMINDERS]):
        found += [_of("reminder", reminder.id, reminder.name, e) for e in reminder.attention]
    if len(rows) > MOST_REMINDERS:
        found.append(_of("reminder", None, None, _more(daemon)))
    return found


def _more(daemon: Daemon) -> Attention:
    return Attention(
        code="more",
        severity="warning",
        since=timestamp(daemon.now()),
        text=f"more than {MOST_REMINDERS} reminders need a person",
        fix="waremind reminder list",
    )


def _of(kind: str, id_: str | None, name: str | None, entry: Attention) -> StatusAttention:
    return StatusAttention(kind=kind, id=id_, name=name, **msgspec.structs.asdict(entry))
