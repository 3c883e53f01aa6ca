"""What reminders are planned by beside their own rows: calendars of days off, and quiet hours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from waremind.domain.days_off import DaysOffCalendar
from waremind.domain.fields import named_by
from waremind.domain.plan import Plan
from waremind.domain.quiet_hours import QuietHours
from waremind.store import calendars, members
from waremind.store.database import Connection
from waremind.store.members import Mentions
from waremind.store.reminder_row import ReminderRow

Calendars = Mapping[str, Sequence[DaysOffCalendar]]


@dataclass(frozen=True, slots=True)
class Plans:
    """The calendars of reminders, by their ids, the quiet hours of all, and whom each mentions."""

    kept: Calendars
    quiet: QuietHours | None
    mentions: Mentions

    def plan_of(self, row: ReminderRow) -> Plan:
        """Return what a reminder has planned. Raises WaremindError, or ZoneInfoNotFoundError."""
        return row.plan(self.kept.get(row.id, ()), self.quiet)


async def read(
    connection: Connection, rows: Sequence[ReminderRow], quiet: QuietHours | None
) -> Plans:
    """Read what these reminders are planned by."""
    kept = await calendars.of_reminders(connection, [row.id for row in rows])
    mentioned = {row.id: named_by(row.options) for row in rows if row.options.mention}
    return Plans(kept, quiet, await members.of_reminders(connection, mentioned))
