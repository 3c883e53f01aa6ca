"""All that needs a person: freezes, accounts, reminders, runs."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from waremind.daemon.reminder_attention import ACCOUNT_TROUBLES
from waremind.daemon.reminder_views import reminders_of
from waremind.daemon.state import Daemon
from waremind.daemon.views import frozen, timestamp
from waremind.objects import Account, Attention, StatusAttention
from waremind.store import reminders as reminders_table
from waremind.store import runs as runs_table
from waremind.store.database import Connection
from waremind.store.holds import FreezeRow

# A glance: who has more troubled reminders, or runs, than these lists them all.
MOST = 50
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
    rows = await reminders_table.select_troubled(connection, silent, MOST + 1)
    for reminder in await reminders_of(daemon, connection, rows[:MOST]):
        found += [_of("reminder", reminder.id, reminder.name, e) for e in reminder.attention]
    if len(rows) > MOST:
        found.append(_of("reminder", None, None, _more(daemon, "reminder")))
    return found + await _of_sends(daemon, connection)


async def _of_sends(daemon: Daemon, connection: Connection) -> list[StatusAttention]:
    """List the messages of no reminder of which nobody can know whether they were sent."""
    runs = await runs_table.unknown_sends(connection, MOST + 1)
    found = [_of("run", run, None, _unknown(run, since)) for run, since in runs[:MOST]]
    if len(runs) > MOST:
        found.append(_of("run", None, None, _more(daemon, "run")))
    return found


def _unknown(run: str, since: datetime) -> Attention:
    return Attention(
        code="send_unknown",
        severity="warning",
        since=timestamp(since),
        text="nobody can know whether it was sent",
        fix=f"look at the phone, then: waremind run resolve {run} --as sent|failed",
    )


def _more(daemon: Daemon, what: str) -> Attention:
    return Attention(
        code="more",
        severity="warning",
        since=timestamp(daemon.now()),
        text=f"more than {MOST} {what}s need a person",
        fix=f"waremind {what} list",
    )


def _of(kind: str, id_: str | None, name: str | None, entry: Attention) -> StatusAttention:
    return StatusAttention(kind=kind, id=id_, name=name, **msgspec.structs.asdict(entry))
