"""One module a noun: a request in, a result out. HANDLERS is the one table of what can be asked."""

from operator import attrgetter
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
    node,
    reminder,
    revocation,
    run,
    status,
    upload,
)
from waremind.daemon.api.places import Handler, Place, by_owner, here, here_and_wake
from waremind.requests import account as a
from waremind.requests import calendar as c
from waremind.requests import daemon as d
from waremind.requests import events as e
from waremind.requests import group as g
from waremind.requests import ics as i
from waremind.requests import node as n
from waremind.requests import plan as p
from waremind.requests import reminder as r
from waremind.requests import run as u
from waremind.requests.upload import Upload


class Method(NamedTuple):
    """What answers a request, and what it weighs; what it needs, the request says (`access`).

    A `shared` answer is the same for all who ask at once. `place` says where in a cluster it is
    answered.
    """

    answer: Handler
    weight: int = LIGHT
    shared: bool = False
    place: Place = here


HANDLERS: dict[type[Any], Method] = {
    a.AccountAdd: Method(account.add, place=here_and_wake),
    a.AccountList: Method(account.list_),
    a.AccountShow: Method(account.show),
    a.AccountPair: Method(account.pair, place=by_owner()),
    a.AccountUnpair: Method(account.unpair, place=by_owner()),
    a.AccountSync: Method(account.sync, place=by_owner()),
    a.AccountReconnect: Method(account.reconnect, place=by_owner()),
    a.AccountRename: Method(account.rename, place=by_owner()),
    a.AccountImport: Method(handover.import_, LIST, place=by_owner(attrgetter("store"))),
    a.AccountExport: Method(handover.export, LIST, place=by_owner()),
    a.AccountDelete: Method(account.delete, place=by_owner()),
    a.AccountMove: Method(node.move, place=here_and_wake),
    n.NodeList: Method(node.list_),
    n.NodeDrain: Method(node.drain, place=here_and_wake),
    g.GroupList: Method(group.list_, LIST),
    g.GroupShow: Method(group.show),
    r.ReminderAdd: Method(reminder.add, RULE, place=here_and_wake),
    r.ReminderSet: Method(reminder.set_, RULE, place=here_and_wake),
    r.ReminderEdit: Method(reminder.edit, RULE, place=here_and_wake),
    r.ReminderList: Method(reminder.list_, LIST),
    r.ReminderShow: Method(reminder.show),
    r.ReminderNext: Method(reminder.next_, RULE),
    r.ReminderPause: Method(reminder.pause, place=here_and_wake),
    r.ReminderResume: Method(reminder.resume, RULE, place=here_and_wake),
    r.ReminderDelete: Method(reminder.delete, place=here_and_wake),
    p.ReminderSkip: Method(reminder.skip, RULE, place=here_and_wake),
    p.ReminderUnskip: Method(reminder.unskip, RULE, place=here_and_wake),
    p.ReminderMove: Method(reminder.move, RULE, place=here_and_wake),
    i.ReminderImport: Method(ics.import_, LIST, place=here_and_wake),
    i.ReminderExport: Method(ics.export, LIST),
    c.CalendarAdd: Method(calendar.write, RULE, place=here_and_wake),
    c.CalendarSet: Method(calendar.write, RULE, place=here_and_wake),
    c.CalendarRefresh: Method(calendar.refresh, RULE, place=here_and_wake),
    c.CalendarList: Method(calendar.list_, LIST),
    c.CalendarShow: Method(calendar.show),
    c.CalendarDelete: Method(calendar.delete, place=here_and_wake),
    u.ReminderRun: Method(run.run_reminder, place=here_and_wake),
    u.Send: Method(run.send, place=here_and_wake),
    u.RunList: Method(run.list_, LIST),
    u.RunShow: Method(run.show),
    u.RunResolve: Method(run.resolve, place=here_and_wake),
    u.RunRevoke: Method(revocation.revoke, place=here_and_wake),
    u.RunAcknowledge: Method(run.acknowledge, place=here_and_wake),
    Upload: Method(upload.upload),
    e.Events: Method(events.events, LIST),
    d.FreezeSet: Method(freeze.freeze, place=here_and_wake),
    d.Thaw: Method(freeze.thaw, place=here_and_wake),
    d.AuditList: Method(audit.list_, LIST),
    d.Status: Method(status.status, shared=True),
    d.Metrics: Method(status.metrics, LIST),
    d.Doctor: Method(doctor.doctor, shared=True),
    d.Version: Method(status.version),
}
