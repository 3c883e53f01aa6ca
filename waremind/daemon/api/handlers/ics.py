"""Requests about reminders as events of an ICS file."""

from waremind.daemon.reminders.ics import exported, imported
from waremind.daemon.services import Services
from waremind.daemon.system.caller import Caller
from waremind.requests.ics import Exported, Imported, ReminderExport, ReminderImport


async def import_(services: Services, caller: Caller, request: ReminderImport) -> Imported:
    """Add the events of a file as reminders."""
    return await imported(services, request, None if request.check else caller.operator)


async def export(services: Services, _caller: Caller, request: ReminderExport) -> Exported:
    """Write reminders as a file."""
    return await exported(services, request)
