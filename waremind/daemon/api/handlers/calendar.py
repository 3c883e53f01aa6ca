"""Requests about calendars."""

from waremind.daemon.reminders.calendars import (
    Change,
    calendar_of,
    get,
    moved_of,
    refreshed,
    set_days,
)
from waremind.daemon.reminders.calendars import delete as delete_calendar
from waremind.daemon.services import Services
from waremind.daemon.system.caller import Caller
from waremind.errors import ErrorCode, WaremindError
from waremind.requests.calendar import (
    CalendarAdd,
    CalendarChanged,
    CalendarDelete,
    CalendarList,
    CalendarRefresh,
    CalendarResult,
    Calendars,
    CalendarShow,
    DayOff,
)
from waremind.requests.core import Mutation, checked
from waremind.store import calendars as table


async def write(services: Services, caller: Caller, request: CalendarAdd) -> CalendarChanged:
    """Make a calendar; `set` also changes it, or finds it so."""
    operator = None if request.check else caller.operator
    changed, change = await set_days(services, request, operator, request.method)
    return _answer(request, change, changed=changed)


async def refresh(services: Services, caller: Caller, request: CalendarRefresh) -> CalendarChanged:
    """Find the days of a calendar anew."""
    operator = None if request.check else caller.operator
    changed, change = await refreshed(services, request, operator)
    return _answer(request, change, changed=changed)


def _answer(
    request: Mutation[CalendarChanged], change: Change, *, changed: bool
) -> CalendarChanged:
    return CalendarChanged(
        changed=changed,
        calendar=calendar_of(change.row),
        moved=moved_of(change.moved),
        check=checked(request),
    )


async def list_(services: Services, _caller: Caller, _request: CalendarList) -> Calendars:
    """List calendars by name."""
    async with services.database.connection() as connection:
        return Calendars([calendar_of(row) for row in await table.select(connection)])


async def show(services: Services, _caller: Caller, request: CalendarShow) -> CalendarResult:
    """Show a calendar and its days from today on."""
    async with services.database.connection() as connection:
        row = await get(connection, request.calendar)
        days = await table.days_of(connection, row.id)
    today = services.now().date()
    coming = [DayOff(day.isoformat(), name) for day, name in days.items() if day >= today]
    return CalendarResult(calendar_of(row), coming)


async def delete(services: Services, caller: Caller, request: CalendarDelete) -> CalendarChanged:
    """Delete a calendar that no reminder keeps."""
    operator = None if request.check else caller.operator
    try:
        row = await delete_calendar(services, request.calendar, operator, request.method)
    except WaremindError as error:
        if request.missing_ok and error.code is ErrorCode.NOT_FOUND:
            return CalendarChanged(changed=False, calendar=None, check=checked(request))
        raise
    return CalendarChanged(changed=True, calendar=calendar_of(row), check=checked(request))
