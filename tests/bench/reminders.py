"""Reminders for the benches: as many as are wanted, all due at one instant."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import psycopg

from waremind.domain.ids import new_id
from waremind.store.accounts import AccountRow

COLUMNS = (
    "COPY reminders (id, name, account_id, text, rrule, start, zone, misfire, grace_seconds,"
    " mention_all, state, next_at, fires_at, next_nominal, created_at) FROM STDIN"
)
GROUPS = "COPY reminder_groups (reminder_id, group_id, position) FROM STDIN"


@dataclass(frozen=True, slots=True)
class Writing:
    """So many daily reminders for `each` of the accounts, each to so many of its groups."""

    accounts: Sequence[AccountRow]
    each: int
    groups: int
    at: datetime
    text: str = "Stand-up in 5 minutes"

    def rows(self) -> list[tuple[object, ...]]:
        """Make the rows of `reminders`, in the order of COLUMNS."""
        nominal, now = self.at.replace(tzinfo=None), datetime.now(UTC)
        rule = ("FREQ=DAILY", nominal, "UTC", "skip", 600, False)
        state = ("active", self.at, self.at, nominal, now)
        ids = [(new_id("rem"), account.id) for account in self.accounts for _ in range(self.each)]
        return [(id_, id_, account, self.text, *rule, *state) for id_, account in ids]


async def write(connection: psycopg.AsyncConnection, *writings: Writing) -> None:
    """Store reminders; each account's take turns in its groups."""
    found = await connection.execute("SELECT account_id, id FROM whatsapp_groups ORDER BY jid")
    groups: dict[str, list[str]] = {}
    for account, group in await found.fetchall():
        groups.setdefault(account, []).append(group)
    turns = {account: itertools.cycle(those) for account, those in groups.items()}
    rows = [(row, writing.groups) for writing in writings for row in writing.rows()]
    async with connection.cursor() as cursor:
        async with cursor.copy(COLUMNS) as copy:
            for row, _ in rows:
                await copy.write_row(row)
        async with cursor.copy(GROUPS) as copy:
            for (id_, _, account, *_), number in rows:
                for position in range(number):
                    await copy.write_row((id_, next(turns[str(account)]), position + 1))
    await connection.execute("ANALYZE reminders, reminder_groups, whatsapp_groups, accounts")
