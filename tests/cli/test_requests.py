"""Each command line asks the daemon exactly one thing, and nothing that was not typed."""

from __future__ import annotations

import shlex
from typing import Any

import pytest
from cli import samples
from cli.played_daemon import PlayedDaemon

from waremind.cli.app import run
from waremind.requests.account import (
    AccountAdd,
    AccountChanged,
    AccountDelete,
    AccountDeleted,
    AccountList,
    AccountPair,
    AccountReconnect,
    AccountRename,
    AccountResult,
    Accounts,
    AccountShow,
    AccountSync,
    AccountUnpair,
    AccountUnpaired,
    PairPending,
)
from waremind.requests.calendar import (
    CalendarAdd,
    CalendarChanged,
    CalendarDelete,
    CalendarList,
    CalendarRefresh,
    CalendarResult,
    Calendars,
    CalendarSet,
    CalendarShow,
    DayOff,
)
from waremind.requests.core import Request
from waremind.requests.daemon import (
    Audit,
    AuditList,
    FreezeChanged,
    FreezeSet,
    Status,
    Thaw,
)
from waremind.requests.group import GroupList, GroupResult, Groups, GroupShow
from waremind.requests.ics import Exported, Imported, ReminderExport, ReminderImport, TakenEvent
from waremind.requests.plan import ReminderMove, ReminderSkip, ReminderUnskip
from waremind.requests.reminder import (
    Occurrences,
    ReminderAdd,
    ReminderChanged,
    ReminderDelete,
    ReminderDeleted,
    ReminderEdit,
    ReminderList,
    ReminderNext,
    ReminderPause,
    ReminderResult,
    ReminderResume,
    Reminders,
    ReminderSet,
    ReminderShow,
)
from waremind.requests.run import (
    ReminderRun,
    RunAcknowledge,
    RunChanged,
    RunList,
    RunResolve,
    RunResult,
    RunRevoke,
    Runs,
    RunShow,
    Send,
)

ACCOUNT = AccountChanged(changed=True, account=samples.account())
REMINDER = ReminderChanged(changed=True, reminder=samples.reminder())
RUN = RunChanged(changed=True, run=samples.run())
ONE_OFF = {"name": "x", "account": "ops", "to": ["Team"], "text": "hi", "at": "2026-12-01T09:00"}

ANSWERS: dict[type[Request[Any]], Any] = {
    AccountAdd: ACCOUNT,
    AccountList: Accounts([samples.account()]),
    AccountShow: AccountResult(samples.account()),
    AccountPair: PairPending(samples.account()),
    AccountUnpair: AccountUnpaired(changed=True, account=samples.account(), device_removed=True),
    AccountSync: ACCOUNT,
    AccountReconnect: ACCOUNT,
    AccountRename: ACCOUNT,
    AccountDelete: AccountDeleted(changed=True, account=samples.account()),
    GroupList: Groups([samples.group()]),
    GroupShow: GroupResult(samples.group()),
    ReminderAdd: REMINDER,
    ReminderSet: REMINDER,
    ReminderEdit: REMINDER,
    ReminderPause: REMINDER,
    ReminderResume: REMINDER,
    ReminderSkip: REMINDER,
    ReminderUnskip: REMINDER,
    ReminderMove: REMINDER,
    ReminderImport: Imported(changed=True, reminders=[TakenEvent("x", "added", samples.NOON)]),
    ReminderExport: Exported(ics="BEGIN:VCALENDAR\r\n"),
    CalendarAdd: CalendarChanged(changed=True, calendar=samples.calendar()),
    CalendarSet: CalendarChanged(changed=True, calendar=samples.calendar()),
    CalendarRefresh: CalendarChanged(changed=True, calendar=samples.calendar()),
    CalendarList: Calendars([samples.calendar()]),
    CalendarShow: CalendarResult(samples.calendar(), [DayOff("2026-12-25", "Christmas Day")]),
    CalendarDelete: CalendarChanged(changed=True, calendar=samples.calendar()),
    ReminderList: Reminders([samples.reminder()]),
    ReminderShow: ReminderResult(samples.reminder()),
    ReminderDelete: ReminderDeleted(changed=True, reminder=samples.reminder()),
    ReminderNext: Occurrences([]),
    ReminderRun: RUN,
    Send: RUN,
    RunList: Runs([samples.run()], truncated=False),
    RunAcknowledge: RunChanged(changed=True, run=samples.run()),
    RunRevoke: RunChanged(changed=True, run=samples.run(status="revoked", deliveries=[])),
    RunShow: RunResult(samples.run()),
    RunResolve: RUN,
    FreezeSet: FreezeChanged(changed=True, frozen=None),
    Thaw: FreezeChanged(changed=True, frozen=None),
    AuditList: Audit([]),
    Status: samples.status(),
}

ASKED: dict[str, Request[Any]] = {
    "account add ops": AccountAdd(label="ops"),
    "account add ops --exist-ok": AccountAdd(label="ops", exist_ok=True),
    "account list": AccountList(),
    "account list --all --status banned": AccountList(all=True, status="banned"),
    "account show ops": AccountShow(account="ops"),
    "account pair ops --no-wait": AccountPair(account="ops", wait=False),
    "account pair ops --no-wait --phone +49 --expect +41 --new-number --fresh --timeout 5m": (
        AccountPair(
            account="ops",
            wait=False,
            phone="+49",
            expect="+41",
            new_number=True,
            fresh=True,
            timeout_seconds=300,
        )
    ),
    "account unpair ops": AccountUnpair(account="ops"),
    "account sync ops": AccountSync(account="ops"),
    "account reconnect ops": AccountReconnect(account="ops"),
    "account rename ops 'my ops'": AccountRename(account="ops", label="my ops"),
    "account delete ops --yes": AccountDelete(account="ops"),
    "account delete ops -y --missing-ok": AccountDelete(account="ops", missing_ok=True),
    "group list": GroupList(),
    "group list --account ops --search tea": GroupList(account="ops", search="tea"),
    "group show Team": GroupShow(group="Team"),
    "reminder add x --account ops --to Team --text hi --at 2026-12-01T09:00": (
        ReminderAdd(**ONE_OFF)
    ),
    "reminder add x --account ops --to Team --text hi --at 2026-12-01T09:00 --exist-ok": (
        ReminderAdd(**ONE_OFF, exist_ok=True)
    ),
    "reminder set x --account ops --to Team --text hi --at 2026-12-01T09:00": (
        ReminderSet(**ONE_OFF)
    ),
    "reminder add x -a ops --to A --to B --text hi --rrule FREQ=DAILY --start 2026-12-01T09:00 "
    "--tz Europe/Berlin --misfire all --grace 1h30m --mention-all": ReminderAdd(
        name="x",
        account="ops",
        to=["A", "B"],
        text="hi",
        rrule="FREQ=DAILY",
        start="2026-12-01T09:00",
        tz="Europe/Berlin",
        misfire="all",
        grace_seconds=5400,
        mention_all=True,
    ),
    "reminder set x --account ops --to Team --text hi --cron '0 9 * * 1-5'": ReminderSet(
        name="x", account="ops", to=["Team"], text="hi", crontab="0 9 * * 1-5"
    ),
    "reminder edit x": ReminderEdit(reminder="x"),
    "reminder edit x --on-calendar monthly": ReminderEdit(reminder="x", on_calendar="monthly"),
    "reminder next --cron @daily": ReminderNext(crontab="@daily"),
    "reminder edit x --name y --to C --text ho --no-mention-all --grace 90s": ReminderEdit(
        reminder="x", name="y", to=["C"], text="ho", mention_all=False, grace_seconds=90
    ),
    "reminder list --account ops --state paused": ReminderList(account="ops", state="paused"),
    "reminder show x": ReminderShow(reminder="x"),
    "reminder pause x": ReminderPause(reminder="x"),
    "reminder resume x": ReminderResume(reminder="x"),
    "calendar set bavaria --country DE --subdivision BY": CalendarSet(
        name="bavaria", country="DE", subdivision="BY"
    ),
    "reminder import /dev/null -a ops --to A --tz Asia/Tokyo --all-day 09:00 --alarms": (
        ReminderImport(
            ics="", account="ops", to=["A"], tz="Asia/Tokyo", all_day="09:00", alarms=True
        )
    ),
    "reminder export --ics x y": ReminderExport(reminders=["x", "y"]),
    "calendar add bavaria --country DE --exist-ok": CalendarAdd(
        name="bavaria", country="DE", exist_ok=True
    ),
    "calendar refresh bavaria": CalendarRefresh(calendar="bavaria"),
    "calendar list": CalendarList(),
    "calendar show bavaria": CalendarShow(calendar="bavaria"),
    "calendar delete bavaria --yes": CalendarDelete(calendar="bavaria"),
    "reminder edit x --off bavaria --off ours": ReminderEdit(reminder="x", off=["bavaria", "ours"]),
    "reminder skip x": ReminderSkip(reminder="x"),
    "reminder skip x -n 3": ReminderSkip(reminder="x", count=3),
    "reminder skip x 2026-12-01T09:00": ReminderSkip(reminder="x", at="2026-12-01T09:00"),
    "reminder unskip x 2026-12-01T09:00": ReminderUnskip(reminder="x", at="2026-12-01T09:00"),
    "reminder move x 2026-12-01T09:00 --to 2026-12-02T09:00": ReminderMove(
        reminder="x", at="2026-12-01T09:00", to="2026-12-02T09:00"
    ),
    "reminder edit x --except 2026-12-01T09:00 --also 2026-12-02T09:00 --workdays MO-FR "
    "--on-off before --before 1d --before 1h --quiet-hours 22:00-07:00 --rotate Ana,Ben "
    "--rotate-skipped --follow-up 2h --unless-read 50% "
    "--fields --until-day 2026-12-24": ReminderEdit(
        reminder="x",
        except_=["2026-12-01T09:00"],
        also=["2026-12-02T09:00"],
        workdays="MO-FR",
        on_off="before",
        before=[86_400, 3_600],
        quiet="22:00-07:00",
        rotate=["Ana", "Ben"],
        rotate_skipped=True,
        follow_up_seconds=7200,
        unless_read_percent=50,
        fields=True,
        until_day="2026-12-24",
    ),
    # Alone it is every command's; with hours it is what leaves nobody awake.
    "reminder edit x --quiet 22:00-07:00": ReminderEdit(reminder="x", quiet="22:00-07:00"),
    "reminder edit x --quiet=22:00-07:00": ReminderEdit(reminder="x", quiet="22:00-07:00"),
    "reminder delete x --yes": ReminderDelete(reminder="x"),
    "reminder next x": ReminderNext(reminder="x"),
    "reminder next --rrule FREQ=DAILY --start 2026-12-01T09:00 --tz Asia/Tokyo -n 3 "
    "--from 2020-01-01T00:00 --explain": ReminderNext(
        rrule="FREQ=DAILY",
        start="2026-12-01T09:00",
        tz="Asia/Tokyo",
        count=3,
        from_="2020-01-01T00:00",
        explain=True,
    ),
    "reminder run x": ReminderRun(reminder="x"),
    "reminder run x --to A --to B": ReminderRun(reminder="x", to=("A", "B")),
    "reminder run x --no-wait": ReminderRun(reminder="x", wait=False),
    "send -a ops --to A --to B --text hi": Send(account="ops", to=["A", "B"], text="hi"),
    "send -a ops --to A --text hi --key k --timeout 2m --no-wait": Send(
        account="ops", to=["A"], text="hi", key="k", timeout_seconds=120, wait=False
    ),
    "run list": RunList(),
    "run list --reminder x --account ops --status held --since 1d --limit 0": RunList(
        reminder="x", account="ops", status="held", since="1d", limit=0
    ),
    "run show run_1": RunShow(run="run_1"),
    "run show run_1 --receipts": RunShow(run="run_1", receipts=True),
    "run revoke run_1 --yes --to A --to B --timeout 5s --no-wait": RunRevoke(
        run="run_1", to=("A", "B"), timeout_seconds=5, wait=False
    ),
    "run acknowledge run_1": RunAcknowledge(run="run_1"),
    "run resolve run_1 --as sent": RunResolve(run="run_1", outcome="sent"),
    "freeze": FreezeSet(),
    "freeze --account ops --reason fire": FreezeSet(account="ops", reason="fire"),
    "thaw": Thaw(),
    "thaw --account ops --held once": Thaw(account="ops", held="once"),
    "audit list --since 2h --limit 5": AuditList(since="2h", limit=5),
    "status": Status(),
}
MUTATIONS = {line: request for line, request in ASKED.items() if hasattr(request, "check")}


@pytest.mark.parametrize("line", ASKED)
def test_a_command_line_is_one_request(line: str, played: PlayedDaemon) -> None:
    played.answers = ANSWERS
    assert run([*shlex.split(line), "--socket", str(played.path)]) == 0
    assert played.asked == [ASKED[line]]


@pytest.mark.parametrize("line", MUTATIONS)
def test_every_mutation_can_be_checked_first(line: str, played: PlayedDaemon) -> None:
    played.answers = ANSWERS
    run([*shlex.split(line), "--check", "--socket", str(played.path)])
    assert [request.check for request in played.asked] == [True]


@pytest.mark.parametrize("line", ASKED)
def test_json_leaves_one_document_and_no_message(
    line: str, played: PlayedDaemon, capfd: pytest.CaptureFixture[str]
) -> None:
    played.answers = ANSWERS
    assert run(["--json", *shlex.split(line), "--socket", str(played.path)]) == 0
    out, err = capfd.readouterr()
    assert out.startswith("{")
    assert out.count("\n") == 1
    assert err == ""


@pytest.mark.parametrize("line", ASKED)
def test_people_never_see_json(
    line: str, played: PlayedDaemon, capfd: pytest.CaptureFixture[str]
) -> None:
    played.answers = ANSWERS
    run([*shlex.split(line), "--socket", str(played.path)])
    out, err = capfd.readouterr()
    assert "{" not in out + err
    assert out + err


@pytest.mark.parametrize("line", MUTATIONS)
def test_a_quiet_mutation_that_worked_says_nothing(
    line: str, played: PlayedDaemon, capfd: pytest.CaptureFixture[str]
) -> None:
    played.answers = ANSWERS
    assert run([*shlex.split(line), "--quiet", "--socket", str(played.path)]) == 0
    assert capfd.readouterr() == ("", "")
