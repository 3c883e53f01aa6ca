"""Calendars as operators write them, and the reminders that move with a change of one."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from waremind.daemon.reminders.changes import SHOWN_NEXT, waited_for
from waremind.daemon.rules.days import CountryDays, FoundDays, IcsDays, NoDays
from waremind.daemon.services import Services
from waremind.daemon.system import audit
from waremind.domain.day_list import parse_days
from waremind.domain.days_off import DaysOffCalendar
from waremind.domain.ids import canonical, new_id, shown, valid_name
from waremind.domain.quoting import quoted
from waremind.domain.recurrence_trial import Preview
from waremind.domain.wall_time import optional_rfc3339, rfc3339
from waremind.errors import ErrorCode, WaremindError
from waremind.objects import Operator
from waremind.requests.calendar import (
    Calendar,
    CalendarAdd,
    CalendarRefresh,
    CalendarSet,
    MovedReminder,
)
from waremind.store import calendars as table
from waremind.store import plans as plans_table
from waremind.store import reminders as reminders_table
from waremind.store.calendars import CalendarRow
from waremind.store.database import Connection
from waremind.store.reminder_row import ReminderRow, waiting_for

YEARS_AHEAD = 10
LONGEST_ICS = 512 * 1024
ATTEMPTS = 10


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of a calendar (`was`, if there was one) and of the reminders that keep it."""

    was: CalendarRow | None
    had: dict[date, str]
    row: CalendarRow
    days: dict[date, str]
    moved: Sequence[tuple[ReminderRow, ReminderRow]]


async def get(connection: Connection, key: str) -> CalendarRow:
    """Find a calendar by its id or name. Raises WaremindError `not_found`."""
    if rows := await table.select(connection, canonical(key)):
        return rows[0]
    raise _absent(key)


def _absent(key: str) -> WaremindError:
    message = f"cannot find calendar {shown(key)}: there is none with this id or name"
    return WaremindError(ErrorCode.NOT_FOUND, message, hint="waremind calendar list")


def calendar_of(row: CalendarRow) -> Calendar:
    """Show a calendar."""
    return Calendar(
        id=row.id,
        name=row.name,
        source=row.source,
        country=row.country,
        subdivision=row.subdivision,
        ends_on=row.ends_on.isoformat(),
        changed_at=rfc3339(row.changed_at),
    )


def moved_of(moved: Sequence[tuple[ReminderRow, ReminderRow]]) -> list[MovedReminder]:
    """Show the reminders whose next times change."""
    return [
        MovedReminder(new.name, _shown(old.fires_at, old.zone), _shown(new.fires_at, new.zone))
        for old, new in moved
        if old.fires_at != new.fires_at
    ]


def _shown(at: datetime | None, zone: str) -> str | None:
    return optional_rfc3339(at, ZoneInfo(zone))


async def refreshed(
    services: Services, request: CalendarRefresh, operator: Operator | None
) -> tuple[bool, Change]:
    """Find a calendar's days anew where they came from; False when they are the same.

    Without an operator nothing is written. Raises WaremindError.
    """
    async with services.database.connection() as connection:
        row = await get(connection, request.calendar)
    files = {"ics": request.ics, "days": request.days}
    given = [source for source, content in files.items() if content is not None]
    if given != [source for source in files if source == row.source]:
        raise _elsewhere(row)
    country, part = row.country, row.subdivision
    asked = CalendarSet(
        name=row.name, country=country, subdivision=part, ics=request.ics, days=request.days
    )
    return await set_days(services, asked, operator, CalendarRefresh.method, adds=False)


def _elsewhere(row: CalendarRow) -> WaremindError:
    """Say where a calendar's days came from: the daemon keeps no file."""
    came = {
        "country": "are those of a country",
        "ics": "came from an ICS file",
        "days": "were listed",
    }
    flag = "" if row.source == "country" else f" --{row.source} FILE"
    message = f"cannot refresh calendar {shown(row.name)}: its days {came[row.source]}"
    hint = f"waremind calendar refresh {quoted(row.name)}{flag}; others: waremind calendar set"
    return WaremindError(ErrorCode.INVALID_INPUT, message, hint=hint)


async def set_days(
    services: Services,
    request: CalendarAdd,
    operator: Operator | None,
    action: str,
    *,
    adds: bool = True,
) -> tuple[bool, Change]:
    """Make a calendar (if it `adds`), or change it and all reminders that keep it.

    False when it is so. Without an operator nothing is written. Raises WaremindError,
    `already_exists` for one that is only to be added.
    """
    name = valid_name(request.name, "a calendar")
    found = await _found(services, request)
    for _ in range(ATTEMPTS):
        change, differs = await _change(services, request, name, found)
        if change.was is None and not adds:  # it was deleted at this moment
            raise _absent(name)
        if change.was and not isinstance(request, CalendarSet):
            if not request.exist_ok:
                raise _taken(name)
            return False, replace(change, row=change.was, moved=())
        if not differs or operator is None:
            return differs, change
        if await _write(services, change, operator, action):
            services.scheduler.wake()
            return True, change
    message = f"cannot change calendar {shown(name)}: its reminders keep changing"
    raise WaremindError(ErrorCode.CONFLICT, message, hint="try again")


async def _found(services: Services, request: CalendarAdd) -> FoundDays:
    """Find the days that a request asks for. Raises WaremindError."""
    given = (request.country, request.ics, request.days)
    if sum(each is not None for each in given) != 1 or (
        request.subdivision and not request.country
    ):
        hint = "give one of --country DE [--subdivision BY], --ics FILE and --days FILE"
        raise _refused(request.name, "it is not said which days are off", hint)
    year = services.now().year
    if request.days is not None:
        days = parse_days(request.days)
        return FoundDays(days, max(days))
    if request.ics is not None:
        content = request.ics.encode()
        if len(content) > LONGEST_ICS:
            reason = f"the file is longer than {LONGEST_ICS} bytes"
            raise _refused(request.name, reason, "leave out past events")
        question = IcsDays(content, date(year - 1, 1, 1), date(year + YEARS_AHEAD, 12, 31))
    else:
        country = (request.country or "").upper()
        question = CountryDays(country, request.subdivision, year - 1, year + YEARS_AHEAD)
    answer = await services.evaluator.days(question)
    if answer is None:
        raise _refused(request.name, "reading it takes more than 5 s of CPU", "use a smaller file")
    if isinstance(answer, NoDays):
        raise _refused(request.name, answer.reason, answer.hint)
    return answer


async def _change(
    services: Services, request: CalendarAdd, name: str, found: FoundDays
) -> tuple[Change, bool]:
    """Compute what a calendar and its reminders become, and whether that is something else."""
    now = services.now()
    country = request.country.upper() if request.country else None
    source = "country" if country else "ics" if request.ics is not None else "days"
    async with services.database.connection() as connection:
        there = next(iter(await table.select(connection, name)), None)
        old = await table.days_of(connection, there.id) if there else {}
        keepers = await table.keepers(connection, there.id) if there else []
        rows = [r for r in await reminders_table.select(connection) if r.id in set(keepers)]
        plans = await plans_table.read(connection, rows, services.settings.quiet.hours)
    # What is past stays as it was: occurrences were counted by it.
    today = now.date()
    days = {day: named for day, named in found.days.items() if not there or day >= today}
    days |= {day: named for day, named in old.items() if day < today}
    id_ = there.id if there else new_id("cal")
    row = CalendarRow(
        id=id_,
        name=name,
        source=source,
        country=country,
        subdivision=request.subdivision,
        ends_on=found.ends_on,
        created_at=there.created_at if there else now,
        changed_at=now,
    )
    same = there and replace(there, changed_at=now) == row and old == days
    new = DaysOffCalendar(name, days, found.ends_on)
    moved = [(each, await _moved(services, each, plans, new)) for each in rows if not same]
    return Change(there, old, row, days, moved), not same


async def _moved(
    services: Services, row: ReminderRow, plans: plans_table.Plans, new: DaysOffCalendar
) -> ReminderRow:
    """Compute what a reminder waits for with a calendar's new days, if it still keeps that."""
    if row.state == "finished" or row.next_at is None:
        return row
    kept = tuple(new if each.name == new.name else each for each in plans.kept.get(row.id, ()))
    plan = row.plan(kept, plans.quiet)
    since = min(services.now(), row.next_at)
    found = await services.evaluator.first(Preview(plan, since, SHOWN_NEXT, inclusive=True))
    following, fires_at = waited_for(found)
    state = row.state if following else "finished"
    # Also one that waits for the same: the scheduler may be at what comes after, by the old days.
    revision = row.revision + 1
    return replace(row, state=state, revision=revision, **waiting_for(following, fires_at))


class _ChangedMeanwhile(Exception):  # noqa: N818 - it is none: the next attempt sees the change
    """A reminder or the calendar is not any more what the change was computed from."""


async def _save(connection: Connection, change: Change) -> None:
    if was := change.was:
        is_same = await table.lock(connection, was.id) == was
        if not is_same or await table.days_of(connection, was.id) != change.had:
            raise _ChangedMeanwhile
        keepers = {old.id for old, _ in change.moved}
        if keepers != set(await table.keepers(connection, was.id)):
            raise _ChangedMeanwhile
    if not await table.write(connection, change.row, change.days):
        raise _ChangedMeanwhile


async def _move(connection: Connection, row: ReminderRow) -> None:
    if not await reminders_table.update(connection, row):
        raise _ChangedMeanwhile


async def _write(services: Services, change: Change, operator: Operator, action: str) -> bool:
    """Write a calendar and its reminders together; False when one of them has changed meanwhile."""
    try:
        async with services.database.transaction() as connection:
            await _save(connection, change)
            for old, new in change.moved:
                if new is not old:
                    await _move(connection, new)
            target = ("calendar", change.row.id, change.row.name)
            names = [moved.reminder for moved in moved_of(change.moved)]
            await audit.write(connection, services.now(), operator, action, target, moved=names)
    except _ChangedMeanwhile:
        return False
    return True


async def delete(
    services: Services, key: str, operator: Operator | None, action: str
) -> CalendarRow:
    """Delete a calendar that no reminder keeps. Raises WaremindError `not_found`, `conflict`."""
    async with services.database.transaction() as connection:
        row = await get(connection, key)
        keepers = await table.keepers(connection, row.id)
        if not keepers and operator and await table.delete(connection, row.id):
            target = ("calendar", row.id, row.name)
            await audit.write(connection, services.now(), operator, action, target)
            return row
        if operator:
            await get(connection, row.id)  # not if somebody else has deleted it at this moment
            keepers = await table.keepers(connection, row.id)
        names = [r.name for r in await reminders_table.select(connection) if r.id in set(keepers)]
    if names or operator:
        message = f"cannot delete calendar {shown(row.name)}: reminders keep it: {', '.join(names)}"
        hint = "take it from them first: waremind reminder edit REMINDER --off ''"
        raise WaremindError(ErrorCode.CONFLICT, message, hint=hint)
    return row


def _taken(name: str) -> WaremindError:
    message = f"cannot add calendar {shown(name)}: there is one with this name"
    hint = f"waremind calendar set {quoted(name)} changes it; --exist-ok leaves it"
    return WaremindError(ErrorCode.ALREADY_EXISTS, message, hint=hint)


def _refused(name: str, reason: str, hint: str) -> WaremindError:
    message = f"cannot make calendar {shown(name)}: {reason}"
    return WaremindError(ErrorCode.INVALID_INPUT, message, hint=hint)
