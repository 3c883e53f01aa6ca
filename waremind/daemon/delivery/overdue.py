"""What is late by more than a minute, whatever the cause: found by its effect.

What an account's pace puts off is not late, and what is tried again is late since its first try.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from waremind.daemon.delivery.pace import Pace
from waremind.daemon.system.changes import Subscriber
from waremind.store import overdue as table
from waremind.store.database import Connection
from waremind.store.overdue import Waiting

LATE = timedelta(minutes=1)


class Progress(Subscriber):
    """How each account (by its id) gets on, which no row says."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._ready_at: dict[str, datetime] = {}  # after what it has sent last
        self._failing_since: dict[str, datetime] = {}  # its tries, of which none has sent anything

    def begin(self, accounts: Collection[str], now: datetime) -> None:
        """Take note that what these have sent before is known to their pace."""
        self._ready_at |= {each: self._pace.ready_at(each, now) for each in accounts}

    def tried(self, account: str, status: str, now: datetime) -> None:
        """Take note of how a try to send has ended."""
        if status == "scheduled":
            self._failing_since.setdefault(account, now)
        else:
            self._failing_since.pop(account, None)
            self._ready_at[account] = self._pace.ready_at(account, now)

    def account_deleted(self, account: str) -> None:
        """Keep nothing of an account that is deleted."""
        self._ready_at.pop(account, None)
        self._failing_since.pop(account, None)

    def account_let_go(self, account: str) -> None:
        """Keep nothing of an account that another node has."""
        self.account_deleted(account)

    def late_since(self, waiting: Waiting) -> datetime:
        """Say since when something that waits could have left."""
        due_at = waiting.due_at
        if waiting.tries:
            due_at = min(due_at, self._failing_since.get(waiting.id, due_at))
        return max(due_at, self._ready_at.get(waiting.id, due_at))


@dataclass(frozen=True, slots=True)
class Overdue:
    """A reminder or an account with something late, by kind and name, and since when."""

    kind: str
    name: str
    since: datetime


async def select_overdue(
    connection: Connection, progress: Progress, labels: Mapping[str, str], now: datetime
) -> list[Overdue]:
    """Read what is late by more than a minute; `labels` are the accounts', by id."""
    waiting = await table.select_waiting(connection, labels, now)
    late = (Overdue(each.kind, each.name, progress.late_since(each)) for each in waiting)
    return [each for each in late if now - each.since > LATE]
