"""Commands as people see them, captured beside a played daemon: `make docs` keeps them as text."""

from __future__ import annotations

import re
import shlex
import threading
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any, NamedTuple

from cli import samples
from cli.played_daemon import PlayedDaemon
from cli.terminal import Terminal, uncoloured
from command import PROGRAM

from waremind.errors import ErrorCode, WaremindError
from waremind.objects import Attention, CheckResult, GroupName, Occurrence, StatusAttention
from waremind.requests.account import (
    AccountList,
    AccountPair,
    AccountResult,
    Accounts,
    AccountShow,
    PairConnected,
    PairPending,
    PairQr,
)
from waremind.requests.core import Request
from waremind.requests.daemon import Doctor, DoctorReport, Status
from waremind.requests.reminder import Occurrences, ReminderNext
from waremind.requests.run import ReminderRun, RunChanged, RunList, RunResult, Runs, RunShow, Send

NOTHING: Mapping[str, str] = MappingProxyType({})
ENVIRONMENT = {"LANG": "C.UTF-8", "TERM": "xterm-256color", "TZ": "UTC"}
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
NEEDS = StatusAttention(
    kind="account",
    id="acc_9x8y7z6w5v4t",
    name="second account",
    code=REPLACED.code,
    severity=REPLACED.severity,
    since=REPLACED.since,
    text=REPLACED.text,
    fix=REPLACED.fix,
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
CHECKED = DoctorReport.of(
    [
        CheckResult(check="postgres", status="ok", text="answers", fix=None),
        CheckResult(
            check="accounts",
            status="warning",
            text=f"second account: {REPLACED.text}",
            fix=REPLACED.fix,
        ),
    ]
)
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


UNDER_WAY = samples.run(
    id="run_7w6x5y4z3a2b",
    status="sending",
    finished_at=None,
    deliveries=[
        samples.delivery(),
        *(samples.delivery(group=group, status="sending") for group in (NIGHT, PARENTS)),
    ],
)


def shown_run(request: RunShow) -> RunResult:
    """Give the run that is under way, or the one that has ended."""
    return RunResult(UNDER_WAY if request.run == UNDER_WAY.id else RUNS[0])


def sent(request: Send) -> RunChanged | WaremindError:
    """Begin to send; of one name there are two groups."""
    return AMBIGUOUS if "Team" in request.to else RunChanged(changed=True, run=UNDER_WAY)


def pairing(_request: AccountPair) -> Generator[Any, None, object]:
    """Show a code, and go on for ever."""
    yield PairPending(samples.account(status="pending"))
    yield PairQr(CODE, EXPIRES)
    threading.Event().wait(60)
    return PairConnected(changed=True, account=samples.account())


ANSWERS: dict[type[Request[Any]], Any] = {
    AccountList: Accounts(ACCOUNTS),
    AccountShow: AccountResult(ACCOUNTS[1]),
    AccountPair: pairing,
    Status: samples.status(ok=False, attention=[NEEDS]),
    RunList: Runs(RUNS, truncated=True),
    RunShow: shown_run,
    ReminderNext: TIMES,
    Send: sent,
    Doctor: CHECKED,
    ReminderRun: RunChanged(changed=True, run=UNDER_WAY),
}


class Scene(NamedTuple):
    """A command line, and the text on its screen at which it is captured (none: at its end)."""

    line: str
    until: str | None = None


SCENES = {
    "account-list": Scene("account list"),
    "account-show": Scene("account show 'second account'"),
    "ambiguous": Scene("send --account ops --to Team --text hi"),
    "doctor": Scene("doctor"),
    "help": Scene("--help"),
    "help-of-a-command": Scene("account pair --help"),
    "pair": Scene("account pair ops", until="leaves it running"),
    "reminder-next": Scene("reminder next stand-up --explain"),
    "reminder-run": Scene("reminder run stand-up", until="1/3"),
    "run-list": Scene("run list --limit 3"),
    "run-show": Scene("run show run_5q4r3s2t1v0w"),
    "send": Scene("send --account ops --to Night --text hi", until="1/3"),
    "status": Scene("status"),
}
VIEWS: list[tuple[int, int, dict[str, str]]] = [
    (80, 24, {}),
    (200, 50, {}),
    (80, 24, {"NO_COLOR": "1"}),
]


def capture(scene: Scene, columns: int, rows: int, variables: Mapping[str, str]) -> str:
    """Run a command on a terminal of this size, and read what is on it, without colour."""
    with played(scene, columns, rows, variables) as terminal:
        if scene.until:
            return _stable(terminal.text())
        terminal.wait_end()
        return _stable(uncoloured(terminal.written).replace("\r", ""))


@contextmanager
def played(
    scene: Scene, columns: int, rows: int, variables: Mapping[str, str] = NOTHING
) -> Iterator[Terminal]:
    """Run a command as far as it is looked at; it is interrupted afterwards."""
    with TemporaryDirectory(dir="/tmp") as home, PlayedDaemon(Path(home) / "s") as daemon:
        daemon.answers = ANSWERS
        command = [str(PROGRAM), *shlex.split(scene.line), "--socket", str(daemon.path)]
        terminal = Terminal(command, {**ENVIRONMENT, **variables}, columns, rows)
        if scene.until:
            terminal.wait_for(scene.until)
        yield terminal
        if scene.until:
            terminal.type("\x03")
        terminal.wait_end()
        terminal.close()


def _stable(text: str) -> str:
    """Take off what is another each time: spinner, time gone, what doctor says of the machine."""
    text = re.sub(r"(?m)^\S+ (?:clock|socket) .*\n(?: {13}.*\n)*", "", text)
    lines = re.sub(r"[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏](.*) \d+ s of", r"⠋\1 1 s of", text).splitlines()
    return "\n".join(line.rstrip() for line in lines)


def page(name: str) -> str:
    """Capture a scene in each view."""
    scene = SCENES[name]
    shown = [f"$ waremind {scene.line}\n"]
    for columns, rows, variables in VIEWS[:2] if scene.until else VIEWS:
        asked = "".join(f", {key}={value}" for key, value in variables.items())
        title = f"── {columns}×{rows}{asked} ".ljust(columns, "─")
        shown += [title, capture(scene, columns, rows, variables), ""]
    return "\n".join(shown)
