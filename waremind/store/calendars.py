"""The tables of calendars: days off, and which reminders keep them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from psycopg.errors import ForeignKeyViolation, UniqueViolation
from psycopg.rows import class_row
from psycopg.sql import SQL

from waremind.domain.days_off import DaysOffCalendar
from waremind.store.columns import Columns
from waremind.store.database import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarRow:
    """A calendar as it is stored, without its days."""

    id: str
    name: str
    source: str
    country: str | None
    subdivision: str | None
    ends_on: date
    created_at: datetime
    changed_at: datetime


_COLUMNS = Columns(CalendarRow)
_SELECT = SQL("SELECT {} FROM calendars ").format(_COLUMNS.names)
_WRITE = SQL(
    "INSERT INTO calendars ({names}) VALUES ({values}) ON CONFLICT (id) DO UPDATE SET"
    " (source, country, subdivision, ends_on, changed_at) ="
    " (excluded.source, excluded.country, excluded.subdivision, excluded.ends_on,"
    " excluded.changed_at)"
).format(names=_COLUMNS.names, values=_COLUMNS.placeholders)


async def select(connection: Connection, key: str | None = None) -> list[CalendarRow]:
    """Read calendars by name: all, or the one with this id or name."""
    async with connection.cursor(row_factory=class_row(CalendarRow)) as cursor:
        where = SQL("WHERE %(key)s::text IS NULL OR %(key)s IN (id, name) ORDER BY name")
        await cursor.execute(_SELECT + where, {"key": key})
        return await cursor.fetchall()


async def lock(connection: Connection, calendar: str) -> CalendarRow | None:
    """Read the calendar with this id; nobody else changes it until the transaction ends."""
    async with connection.cursor(row_factory=class_row(CalendarRow)) as cursor:
        await cursor.execute(_SELECT + SQL("WHERE id = %s FOR UPDATE"), [calendar])
        return await cursor.fetchone()


async def days_of(connection: Connection, calendar: str) -> dict[date, str]:
    """Read a calendar's days and their names."""
    query = "SELECT day, name FROM calendar_days WHERE calendar_id = %s ORDER BY day"
    return dict(await (await connection.execute(query, [calendar])).fetchall())


async def write(connection: Connection, row: CalendarRow, days: Mapping[date, str]) -> bool:
    """Add a calendar, or replace its days; False when another has its name."""
    try:
        async with connection.transaction():
            await connection.execute(_WRITE, _COLUMNS.values(row))
    except UniqueViolation:
        return False
    await connection.execute("DELETE FROM calendar_days WHERE calendar_id = %s", [row.id])
    await connection.execute(
        "INSERT INTO calendar_days SELECT %s, day, name FROM unnest(%s::date[], %s::text[])"
        " AS v (day, name)",
        [row.id, list(days), list(days.values())],
    )
    return True


async def delete(connection: Connection, calendar: str) -> bool:
    """Delete a calendar; False while a reminder keeps it, and when it is gone."""
    try:
        async with connection.transaction():
            done = await connection.execute("DELETE FROM calendars WHERE id = %s", [calendar])
    except ForeignKeyViolation:
        return False
    return done.rowcount > 0


async def set_of_reminder(connection: Connection, reminder: str, calendars: Sequence[str]) -> None:
    """Write which calendars a reminder keeps, by their names, in this order."""
    await connection.execute("DELETE FROM reminder_calendars WHERE reminder_id = %s", [reminder])
    await connection.execute(
        "INSERT INTO reminder_calendars (reminder_id, calendar_id, position)"
        " SELECT %s, c.id, v.position FROM unnest(%s::text[]) WITH ORDINALITY AS v (name, position)"
        " JOIN calendars c ON c.name = v.name",
        [reminder, list(calendars)],
    )


async def keepers(connection: Connection, calendar: str) -> list[str]:
    """List the ids of the reminders that keep a calendar."""
    query = "SELECT reminder_id FROM reminder_calendars WHERE calendar_id = %s ORDER BY 1"
    return [id_ for (id_,) in await (await connection.execute(query, [calendar])).fetchall()]


async def select_ending(connection: Connection, before: date, limit: int) -> list[CalendarRow]:
    """Read the calendars that end before a day while a reminder that still fires keeps them."""
    async with connection.cursor(row_factory=class_row(CalendarRow)) as cursor:
        where = SQL(
            "WHERE ends_on < %s AND id IN (SELECT k.calendar_id FROM reminder_calendars k"
            " JOIN reminders r ON r.id = k.reminder_id WHERE r.state <> 'finished')"
            " ORDER BY ends_on, name LIMIT %s"
        )
        await cursor.execute(_SELECT + where, [before, limit])
        return await cursor.fetchall()


async def names_of(connection: Connection, reminders: Sequence[str]) -> dict[str, list[str]]:
    """Read the names of the calendars that reminders keep."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    cursor = await connection.execute(
        "SELECT k.reminder_id, c.name FROM reminder_calendars k"
        " JOIN calendars c ON c.id = k.calendar_id WHERE k.reminder_id = ANY (%s)"
        " ORDER BY k.reminder_id, k.position",
        [list(reminders)],
    )
    for reminder, name in await cursor.fetchall():
        found[reminder].append(name)
    return found


async def of_reminders(
    connection: Connection, reminders: Sequence[str]
) -> dict[str, tuple[DaysOffCalendar, ...]]:
    """Read the calendars that reminders keep, each with its days, read once."""
    cursor = await connection.execute(
        "SELECT k.reminder_id, c.id, c.name, c.ends_on FROM reminder_calendars k"
        " JOIN calendars c ON c.id = k.calendar_id WHERE k.reminder_id = ANY (%s)"
        " ORDER BY k.reminder_id, k.position",
        [list(reminders)],
    )
    kept = await cursor.fetchall()
    read = {
        id_: DaysOffCalendar(name, await days_of(connection, id_), ends_on)
        for _, id_, name, ends_on in {row[1]: row for row in kept}.values()
    }
    found: defaultdict[str, tuple[DaysOffCalendar, ...]] = defaultdict(tuple)
    for reminder, id_, _, _ in kept:
        found[reminder] += (read[id_],)
    return dict(found)
