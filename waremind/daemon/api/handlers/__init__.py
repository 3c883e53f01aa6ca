"""One module a noun: a request in, a result out. HANDLERS is the one table of what can be asked."""

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from waremind.daemon.api.admission import LIGHT, LIST, RULE
from waremind.daemon.api.handlers import (
    account,
    audit,
    calendar,
    doctor,
    events,
    freeze,
    group,
    handover,
    ics,
    reminder,
    revocation,
    run,
    status,
    upload,
)
from waremind.daemon.services import Services
from waremind.daemon.system.caller import Caller
from waremind.requests import account as a
from waremind.requests import calendar as c
from waremind.requests import daemon as d
from waremind.requests import events as e
from waremind.requests import group as g
from waremind.requests import ics as i
from waremind.requests import plan as p
from waremind.requests import reminder as r
from waremind.requests import run as u
from waremind.requests.upload import Upload

Handler = Callable[[Services, Caller, Any], Awaitable[Any]]


class Method(NamedTuple):
    """What answers a request, and what it weighs; what it needs, the request says (`access`).

    A `shared` answer is the same for all who ask at once.
    """

    answer: Handler
    weight: int = LIGHT
    shared: bool = False


HANDLERS: dict[type[Any], Method] = {
    a.AccountAdd: Method(account.add),
    a.AccountList: Method(account.list_),
    a.AccountShow: Method(account.show),
    a.AccountPair: Method(account.pair),
    a.AccountUnpair: Method(account.unpair),
    a.AccountSync: Method(account.sync),
    a.AccountReconnect: Method(account.reconnect),
    a.AccountRename: Method(account.rename),
    a.AccountImport: Method(handover.import_, LIST),
    a.AccountExport: Method(handover.export, LIST),
    a.AccountDelete: Method(account.delete),
    g.GroupList: Method(group.list_, LIST),
    g.GroupShow: Method(group.show),
    r.ReminderAdd: Method(reminder.add, RULE),
    r.ReminderSet: Method(reminder.set_, RULE),
    r.ReminderEdit: Method(reminder.edit, RULE),
    r.ReminderList: Method(reminder.list_, LIST),
    r.ReminderShow: Method(reminder.show),
    r.ReminderNext: Method(reminder.next_, RULE),
    r.ReminderPause: Method(reminder.pause),
    r.ReminderResume: Method(reminder.resume, RULE),
    r.ReminderDelete: Method(reminder.delete),
    p.ReminderSkip: Method(reminder.skip, RULE),
    p.ReminderUnskip: Method(reminder.unskip, RULE),
    p.ReminderMove: Method(reminder.move, RULE),
    i.ReminderImport: Method(ics.import_, LIST),
    i.ReminderExport: Method(ics.export, LIST),
    c.CalendarAdd: Method(calendar.write, RULE),
    c.CalendarSet: Method(calendar.write, RULE),
    c.CalendarRefresh: Method(calendar.refresh, RULE),
    c.CalendarList: Method(calendar.list_, LIST),
    c.CalendarShow: Method(calendar.show),
    c.CalendarDelete: Method(calendar.delete),
    u.ReminderRun: Method(run.run_reminder),
    u.Send: Method(run.send),
    u.RunList: Method(run.list_, LIST),
    u.RunShow: Method(run.show),
    u.RunResolve: Method(run.resolve),
    u.RunRevoke: Method(revocation.revoke),
    u.RunAcknowledge: Method(run.acknowledge),
    Upload: Method(upload.upload),
    e.Events: Method(events.events, LIST),
    d.FreezeSet: Method(freeze.freeze),
    d.Thaw: Method(freeze.thaw),
    d.AuditList: Method(audit.list_, LIST),
    d.Status: Method(status.status, shared=True),
    d.Metrics: Method(status.metrics, LIST),
    d.Doctor: Method(doctor.doctor, shared=True),
    d.Version: Method(status.version),
}
