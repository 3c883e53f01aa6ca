"""All that needs a person: freezes, accounts, reminders."""

from collections.abc import Iterator, Sequence

import msgspec

from waremind.daemon.reminder_attention import ACCOUNT_TROUBLES
from waremind.daemon.reminder_views import reminders_of
from waremind.daemon.state import Daemon
from waremind.daemon.views import timestamp
from waremind.domain.ids import quoted
from waremind.objects import Account, Attention, StatusAttention
from waremind.store import reminders as reminders_table
from waremind.store.database import Connection
from waremind.store.holds import FreezeRow

# A glance: who has more troubled reminders than these lists them all.
MOST_REMINDERS = 50


async def attention_of_all(
    daemon: Daemon,
    connection: Connection,
    accounts: Sequence[Account],
    freezes: Sequence[FreezeRow],
) -> list[StatusAttention]:
    """List what needs a person, the daemon's own needs first."""
    found = list(_of_freezes(daemon, freezes))
    for account in accounts:
        found += [_of("account", account.id, account.label, entry) for entry in account.attention]
    silent = [account.id for account in accounts if account.status in ACCOUNT_TROUBLES]
    rows = await reminders_table.select_troubled(connection, silent, MOST_REMINDERS + 1)
    for reminder in await reminders_of(daemon, connection, rows[:MOST_REMINDERS]):
        found += [_of("reminder", reminder.id, reminder.name, e) for e in reminder.attention]
    if len(rows) > MOST_REMINDERS:
        found.append(_of("reminder", None, None, _more(daemon)))
    return found


def frozen_everywhere(freezes: Sequence[FreezeRow]) -> FreezeRow | None:
    """Find the freeze of everything."""
    return next((freeze for freeze in freezes if freeze.account_id is None), None)


def _of_freezes(daemon: Daemon, freezes: Sequence[FreezeRow]) -> Iterator[StatusAttention]:
    for freeze in freezes:
        if freeze.account_id is None:
            entry = _frozen(freeze, "outgoing messages are", "waremind thaw")
            yield _of("daemon", None, None, entry)
        elif account := daemon.accounts.find(freeze.account_id):
            label = account.row.label
            fix = f"waremind thaw --account {quoted(label)}"
            entry = _frozen(freeze, "its outgoing messages are", fix)
            yield _of("account", freeze.account_id, label, entry)


def _frozen(freeze: FreezeRow, what: str, fix: str) -> Attention:
    reason = f": {freeze.reason}" if freeze.reason else ""
    text = f"{what} frozen by {freeze.operator}{reason}"
    since = timestamp(freeze.since)
    return Attention(code="frozen", severity="warning", since=since, text=text, fix=fix)


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
