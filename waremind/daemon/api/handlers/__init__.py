"""One module a noun: a request in, a result out. HANDLERS is the one table of what can be asked."""

from collections.abc import Awaitable, Callable
from typing import Any

from waremind.daemon.api.handlers import (
    account,
    audit,
    doctor,
    freeze,
    group,
    reminder,
    run,
    status,
)
from waremind.daemon.services import Services
from waremind.daemon.system.caller import Caller
from waremind.requests import account as a
from waremind.requests import daemon as d
from waremind.requests import group as g
from waremind.requests import reminder as r
from waremind.requests import run as u

Handler = Callable[[Services, Caller, Any], Awaitable[Any]]

HANDLERS: dict[type[Any], Handler] = {
    a.AccountAdd: account.add,
    a.AccountList: account.list_,
    a.AccountShow: account.show,
    a.AccountPair: account.pair,
    a.AccountUnpair: account.unpair,
    a.AccountSync: account.sync,
    a.AccountReconnect: account.reconnect,
    a.AccountRename: account.rename,
    a.AccountDelete: account.delete,
    g.GroupList: group.list_,
    g.GroupShow: group.show,
    r.ReminderAdd: reminder.add,
    r.ReminderSet: reminder.set_,
    r.ReminderEdit: reminder.edit,
    r.ReminderList: reminder.list_,
    r.ReminderShow: reminder.show,
    r.ReminderNext: reminder.next_,
    r.ReminderPause: reminder.pause,
    r.ReminderResume: reminder.resume,
    r.ReminderDelete: reminder.delete,
    u.ReminderRun: run.run_reminder,
    u.Send: run.send,
    u.RunList: run.list_,
    u.RunShow: run.show,
    u.RunResolve: run.resolve,
    d.FreezeSet: freeze.freeze,
    d.Thaw: freeze.thaw,
    d.AuditList: audit.list_,
    d.Status: status.status,
    d.Doctor: doctor.doctor,
    d.Version: status.version,
}
