"""Deleting a reminder with its runs, before an occurrence or after it."""

from dataclasses import dataclass

from waremind.daemon.delivery.lead_time import LEAD
from waremind.daemon.reminders.changes import TARGET, by_revision
from waremind.daemon.reminders.views import reminders_of
from waremind.daemon.services import Services
from waremind.daemon.system import audit
from waremind.objects import Operator, Reminder
from waremind.store import accounts as accounts_table
from waremind.store import deliveries as deliveries_table
from waremind.store import reminders as table
from waremind.store.database import Connection
from waremind.store.reminders import ReminderRow


@dataclass(frozen=True, slots=True)
class Deletion:
    """A deleted reminder as it was (None: its account went at the same time), and its runs."""

    reminder: Reminder | None
    runs: int


async def delete(services: Services, key: str, operator: Operator | None, action: str) -> Deletion:
    """Delete a reminder; what was claimed of it ahead of its time leaves first.

    Without an operator nothing is deleted. Raises WaremindError `not_found`, or `conflict` when
    others keep changing it.
    """

    async def attempt(row: ReminderRow) -> Deletion | None:
        now = services.now()
        async with services.database.transaction() as connection:
            if operator is None:
                return await _deletion(services, connection, row)
            await accounts_table.keep(connection, [row.account_id])
            if not await table.lock(connection, row):
                return None
            open_ones = await deliveries_table.lock_open(connection, row.id)
            if any(now < one.leaves_at <= now + LEAD for one in open_ones if one.leaves_at):
                return None  # marked since we looked: it leaves first
            deletion = await _deletion(services, connection, row)
            await table.delete(connection, row.id)
            target = (TARGET, row.id, row.name)
            await audit.write(connection, now, operator, action, target, runs=deletion.runs)
        services.changes.runs_changed([one.delivery for one in open_ones])
        services.scheduler.wake()
        return deletion

    return await by_revision(services, key, attempt, waits=operator is not None)


async def _deletion(services: Services, connection: Connection, row: ReminderRow) -> Deletion:
    views = await reminders_of(services, connection, [row])
    return Deletion(next(iter(views), None), await table.count_runs(connection, row.id))
