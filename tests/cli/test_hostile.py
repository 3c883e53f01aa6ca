"""What strangers wrote never steers a terminal and hides nothing, in whatever way it is printed."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Generator
from typing import Any

import pytest
from cli import samples
from cli.conftest import OnTerminal
from cli.played_daemon import SILENCE, PlayedDaemon
from cli.terminal import uncoloured

from waremind.domain.characters import escaped, escaped_json
from waremind.errors import ErrorCode, WaremindError
from waremind.objects import (
    Attention,
    AuditEntry,
    CheckResult,
    Freeze,
    GroupName,
    NextReminder,
    Occurrence,
    Operator,
    Target,
)
from waremind.requests.account import (
    AccountDelete,
    AccountDeleted,
    AccountList,
    AccountPair,
    AccountResult,
    Accounts,
    AccountShow,
    PairCode,
    PairConnected,
    PairQr,
)
from waremind.requests.daemon import Audit, AuditList, Doctor, DoctorReport, Status
from waremind.requests.group import GroupList, GroupResult, Groups, GroupShow
from waremind.requests.reminder import (
    Occurrences,
    ReminderList,
    ReminderNext,
    ReminderResult,
    Reminders,
    ReminderShow,
)
from waremind.requests.run import RunChanged, RunList, RunResult, Runs, RunShow, Send

HOSTILE = (
    "\x00\x07\x08\t\n\r\x0b\x0c\x0e\x1b\x7f\x80\x84\x85\x8d\x90\x9b\x9c\x9d\x9f"  # C0, DEL, C1
    "\u061c\u200e\u200f\u202a\u202e\u2066\u2069\u2028\u2029"  # directions and lines
    "\xad\u034f\u115f\u180e\u200b\u200c\u200d\u2060\u206f\u3164\ufe0f\ufeff\uffa0"  # unseen
    "\U000e0001\U000e0061\U000e0100"  # tags, a selector of ideographs
)
TYPED = HOSTILE.replace("\x00", "")  # no argument can hold that one
EVIL = "x".join(HOSTILE)
GROUP = GroupName("grp_0123456789ab", "1203630@g.us", EVIL)
EXPIRES = "2026-11-22T12:00:00+00:00"
# What the terminal's driver and rich write themselves; none of it is followed by an x.
OWN = r"\x1b\[[0-9;?]*[A-Za-wyz]|\r\n|\r(?=\x1b)|\n"


def pairing(_request: AccountPair) -> Generator[Any, None, object]:
    """Show a code of each kind."""
    yield PairQr(EVIL, EXPIRES)
    yield PairCode(EVIL, EXPIRES)
    return PairConnected(changed=True, account=samples.account(phone=EVIL))


ATTENTION = Attention(code="replaced", severity="warning", since=samples.NOON, text=EVIL, fix=EVIL)
FAILED = [samples.delivery(group=GROUP, status="failed", reason=EVIL)]
RUN = samples.run(status="failed", reason_text=EVIL, deliveries=FAILED)
ANSWERS: dict[type, Any] = {
    AccountList: Accounts([samples.account(label=EVIL)]),
    AccountShow: AccountResult(samples.account(push_name=EVIL, attention=[ATTENTION])),
    AccountPair: pairing,
    GroupList: Groups([samples.group(name=EVIL)]),
    GroupShow: GroupResult(samples.group(name=EVIL)),
    ReminderList: Reminders([samples.reminder(to=[GROUP])]),
    ReminderShow: ReminderResult(samples.reminder(text=EVIL, attention=[ATTENTION])),
    ReminderNext: Occurrences([Occurrence(samples.NOON, EVIL)]),
    RunList: Runs([samples.run(deliveries=FAILED)], truncated=False),
    RunShow: RunResult(RUN),
    Send: RunChanged(changed=True, run=RUN),
    Status: samples.status(
        frozen=Freeze(samples.NOON, EVIL, EVIL), next_reminder=NextReminder("rem_1", EVIL, "UTC")
    ),
    Doctor: DoctorReport.of([CheckResult(check="x", status="critical", text=EVIL, fix=EVIL)]),
    AuditList: Audit(
        [
            AuditEntry(
                id=1,
                at=samples.NOON,
                operator=Operator(0, EVIL),
                node=EVIL,
                action="account.delete",
                target=Target("account", "acc_1", EVIL),
                detail={"reason": EVIL},
            )
        ]
    ),
}
REFUSED = WaremindError(
    ErrorCode.AMBIGUOUS, EVIL, hint=EVIL, candidates=[{"id": "grp_1", "name": EVIL}]
)
LINES = [
    *("account list", "account show ops", "group list", "group show Team", "status", "doctor"),
    *("reminder list", "reminder show standup", "reminder next standup", "audit list"),
    *("run list", "run show run_1", "send -a ops --to Team --text hi"),
    *("account pair ops --qr-format raw", "account pair ops --phone +49"),
]


def _assert_none_raw(written: bytes, shown: list[str]) -> None:
    text = written.decode()
    assert not set(re.sub(OWN, "", text)) & set(HOSTILE)
    assert [each for each in shown if each not in text] == []


@pytest.mark.parametrize("line", LINES)
def test_in_every_answer(line: str, on_terminal: OnTerminal, played: PlayedDaemon) -> None:
    played.answers = ANSWERS
    terminal = on_terminal(*shlex.split(line), columns=4000)
    terminal.wait_end()
    _assert_none_raw(terminal.written, [escaped(each) for each in HOSTILE if each != "\n"])


@pytest.mark.parametrize(
    "line", ["group list", "reminder show standup", "account pair ops --qr-format raw"]
)
def test_in_plain_lines(line: str, on_terminal: OnTerminal, played: PlayedDaemon) -> None:
    played.answers = ANSWERS
    terminal = on_terminal(*shlex.split(line), columns=4000, NO_COLOR="1")
    terminal.wait_end()
    _assert_none_raw(terminal.written, [escaped(each) for each in HOSTILE if each != "\n"])


@pytest.mark.parametrize("line", ["group list", "account pair ops", "status"])
def test_in_json(line: str, on_terminal: OnTerminal, played: PlayedDaemon) -> None:
    played.answers = {**ANSWERS, Status: REFUSED}
    terminal = on_terminal(*shlex.split(line), "--json", columns=4000)
    terminal.wait_end()
    encoded = escaped_json(json.dumps(EVIL, ensure_ascii=False))
    _assert_none_raw(terminal.written, [encoded])


@pytest.mark.parametrize("more", [(), ("--debug",)])
def test_in_an_error(more: tuple[str, ...], on_terminal: OnTerminal, played: PlayedDaemon) -> None:
    played.answers[Status] = REFUSED
    terminal = on_terminal("status", *more, columns=4000)
    terminal.wait_end()
    _assert_none_raw(terminal.written, [f"grp_1  {escaped(EVIL)}"])


def test_in_a_question(on_terminal: OnTerminal, played: PlayedDaemon) -> None:
    account = samples.account()
    played.answers[AccountDelete] = AccountDeleted(changed=True, account=account)
    terminal = on_terminal("account", "delete", TYPED, columns=4000)
    terminal.wait_for("[y/N]")
    terminal.type("n\r")
    terminal.wait_end()
    _assert_none_raw(terminal.written, [escaped(TYPED)])


def test_in_what_is_waited_for(on_terminal: OnTerminal, played: PlayedDaemon) -> None:
    played.answers[Send] = SILENCE
    terminal = on_terminal("send", "-a", "ops", "--to", TYPED, "--text", "hi", columns=4000)
    terminal.wait_for("s of at most")
    terminal.type("\x03")
    terminal.wait_end()
    _assert_none_raw(terminal.written, [escaped(TYPED)])


@pytest.mark.parametrize("line", ["group list", "group show Team"])
def test_a_long_name_costs_time_in_proportion_to_its_length(
    line: str, on_terminal: OnTerminal, played: PlayedDaemon
) -> None:
    group = samples.group(name="👩‍👩‍👧\u202e日 " * 30_000)
    played.answers = {GroupList: Groups([group]), GroupShow: GroupResult(group)}
    terminal = on_terminal(*line.split())
    assert terminal.wait_end() == 0
    assert escaped("👩‍👩‍👧\u202e日") in uncoloured(terminal.written)
