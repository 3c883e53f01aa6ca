"""Commands as people see them, beside a played daemon: what is captured and kept."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from cli import samples

from waremind.errors import ErrorCode, WaremindError
from waremind.objects import Attention, CheckResult, GroupName, Occurrence
from waremind.requests.account import (
    AccountList,
    AccountPair,
    AccountResult,
    Accounts,
    AccountShow,
    PairPending,
    PairQr,
)
from waremind.requests.core import Request
from waremind.requests.daemon import Doctor, DoctorReport, Status
from waremind.requests.reminder import Occurrences, ReminderNext
from waremind.requests.run import RunChanged, RunList, RunResult, Runs, RunShow, Send

CODE = "https://wa.me/settings/linked_devices#2@" + "A1b2C3d4/+" * 26
EXPIRES = "2026-11-22T12:00:00+00:00"
NIGHT = GroupName("grp_9x8y7z6w5v4t", "1203631@g.us", "Night shift of the second hospital, ward 3")
PARENTS = GroupName("grp_5q4r3s2t1v0w", "1203632@g.us", "👨‍👩‍👧 Eltern 4b 日本")
REPLACED = Attention(
    code="replaced",
    severity="warning",
    since=samples.NOON,
    text="another program took over the session of this device",
    fix="close the other one, then: waremind account reconnect 'second account'",
)
ACCOUNTS = [
    samples.account(),
    samples.account(
        id="acc_9x8y7z6w5v4t",
        label="second account",
        status="disconnected",
        reason="replaced",
        status_text="Another program took over the session.",
        phone="+4915187654321",
        attention=[REPLACED],
    ),
    samples.account(
        id="acc_5q4r3s2t1v0w", label="日本", status="unpaired", reason="new", phone=None
    ),
]
DELIVERIES = [
    samples.delivery(),
    samples.delivery(
        group=NIGHT, status="failed", reason="group_left", message_id=None, attempts=3
    ),
    samples.delivery(group=PARENTS, status="unknown", reason="crashed", message_id=None),
]
RUNS = [
    samples.run(
        id="run_5q4r3s2t1v0w",
        reminder="stand-up of the platform team",
        deliveries=DELIVERIES,
        status="unknown",
        reason="crashed",
    ),
    samples.run(id="run_9x8y7z6w5v4t", status="held", reason="banned"),
    samples.run(),
]
CHECKS = [
    CheckResult(check="version", status="ok", text="0.1.0, as the daemon", fix=None),
    CheckResult(
        check="database", status="ok", text="embedded PostgreSQL 18.6, 12 migrations", fix=None
    ),
    CheckResult(
        check="engine",
        status="warning",
        text="neonize 0.5.2 is 47 days old; WhatsApp has refused engines of 80 days and more",
        fix="pip install --upgrade neonize, then: systemctl restart waremind",
    ),
    CheckResult(
        check="accounts",
        status="critical",
        text="account 'second account': another program took over the session of this device",
        fix="close the other one, then: waremind account reconnect 'second account'",
    ),
]
AMBIGUOUS = WaremindError(
    ErrorCode.AMBIGUOUS,
    "cannot choose a group: Team fits 2 of account ops",
    hint="use the id or the JID instead",
    candidates=[
        {"id": "grp_0123456789ab", "name": "Team", "jid": "1203630@g.us"},
        {"id": "grp_9x8y7z6w5v4t", "name": "Team", "jid": "1203631@g.us"},
    ],
)
TIMES = Occurrences(
    [
        Occurrence("2027-03-27T02:30:00+01:00", None),
        Occurrence(
            "2027-03-28T03:30:00+02:00",
            "02:30 does not exist on that day: the clock goes forward an hour",
        ),
        Occurrence("2027-03-29T02:30:00+02:00", None),
    ]
)


def sending(_request: Send) -> RunChanged:
    """Begin to send to three groups."""
    return RunChanged(changed=True, run=under_way())


def under_way(_request: object = None) -> Any:
    """Give a run of which two of three messages have not been sent yet."""
    deliveries = [
        DELIVERIES[0],
        *(samples.delivery(group=g, status="sending") for g in (NIGHT, PARENTS)),
    ]
    return samples.run(status="sending", finished_at=None, deliveries=deliveries)


def pairing(_request: AccountPair) -> Generator[Any, None, object]:
    """Show a code, and go on for ever."""
    yield PairPending(samples.account(status="pending"))
    yield PairQr(CODE, EXPIRES)
    while True:
        yield {"type": "noise"}


ANSWERS: dict[type[Request[Any]], Any] = {
    AccountList: Accounts(ACCOUNTS),
    AccountShow: AccountResult(ACCOUNTS[1]),
    Status: samples.status(ok=False, attention=[]),
    Doctor: DoctorReport.of(CHECKS),
    RunList: Runs(RUNS, truncated=True),
    RunShow: RunResult(RUNS[0]),
    ReminderNext: TIMES,
    Send: AMBIGUOUS,
}
SCENES = {
    "account-list": "account list",
    "account-show": "account show second",
    "status": "status",
    "doctor": "doctor",
    "run-list": "run list --limit 3",
    "run-show": "run show run_5q4r3s2t1v0w",
    "reminder-next": "reminder next --explain stand-up",
    "help": "--help",
    "help-of-a-command": "account pair --help",
    "ambiguous": "send --account ops --to Team --text hi",
}
