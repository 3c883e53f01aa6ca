"""What is printed, where, and with which exit code, for answers of every kind."""

from __future__ import annotations

import pytest
from cli import samples
from cli.conftest import Typed
from cli.played_daemon import HANG_UP, PlayedDaemon

from waremind import __version__
from waremind.errors import ErrorCode, WaremindError
from waremind.objects import Freeze
from waremind.requests.account import (
    AccountAdd,
    AccountChanged,
    AccountList,
    AccountResult,
    Accounts,
    AccountShow,
    AccountUnpair,
    AccountUnpaired,
)
from waremind.requests.daemon import Audit, AuditList, Status, Version, VersionResult
from waremind.requests.group import GroupList, Groups
from waremind.requests.reminder import (
    ReminderList,
    Reminders,
)
from waremind.requests.run import RunList, Runs

AMBIGUOUS = WaremindError(
    ErrorCode.AMBIGUOUS,
    "cannot choose a group: Team fits 2",
    candidates=[{"id": "grp_1", "name": "Team"}, {"id": "grp_2", "name": "Team"}],
)

NO_SUCH_METHOD = (
    b'{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no such method","data":'
    b'{"code":"invalid_input","message":"","hint":"","retryable":false}}}\n'
)


def test_a_list_is_a_table_for_people(typed: Typed, played: PlayedDaemon) -> None:
    played.answers[AccountList] = Accounts([samples.account(), samples.account(label="日本")])
    header, first, second = typed("account", "list").out.splitlines()
    assert header.split() == ["LABEL", "STATUS", "REASON", "PHONE", "SINCE", "ID"]
    assert first.split()[:3] == ["ops", "connected", "ok"]
    assert second.startswith("日本   connected")


@pytest.mark.parametrize(
    ("command", "cure"),
    [
        ("account list", "waremind account add LABEL"),
        ("group list", "waremind account pair ACCOUNT"),
        ("reminder list", "waremind reminder add"),
        ("run list", "waremind send"),
        ("audit list", "nothing was done yet"),
    ],
)
def test_an_empty_list_says_how_to_make_the_first_one(
    command: str, cure: str, typed: Typed, played: PlayedDaemon
) -> None:
    played.answers = {
        AccountList: Accounts([]),
        GroupList: Groups([]),
        ReminderList: Reminders([]),
        RunList: Runs([], truncated=False),
        AuditList: Audit([]),
    }
    ended = typed(*command.split())
    assert len(ended.out.splitlines()) == 1
    assert cure in ended.err


def test_a_truncated_list_says_how_to_see_the_rest(typed: Typed, played: PlayedDaemon) -> None:
    played.answers[RunList] = Runs([samples.run()], truncated=True)
    assert "--limit 0" in typed("run", "list").err
    assert typed("run", "list", "--json").document["truncated"] is True


def test_a_change_is_told_on_stderr_and_leaves_stdout_empty(
    typed: Typed, played: PlayedDaemon
) -> None:
    played.answers[AccountAdd] = AccountChanged(changed=True, account=samples.account())
    ended = typed("account", "add", "my ops")
    assert (ended.code, ended.out) == (0, "")
    assert ended.err.splitlines() == [
        "account 'my ops' added",
        "pair it: waremind account pair 'my ops'",
    ]


def test_what_already_is_exits_0_and_says_so(typed: Typed, played: PlayedDaemon) -> None:
    played.answers[AccountAdd] = AccountChanged(changed=False, account=samples.account())
    ended = typed("account", "add", "ops", "--exist-ok")
    assert (ended.code, ended.err) == (0, "account ops: nothing to do\n")


@pytest.mark.parametrize(("changed", "code"), [(True, 10), (False, 0)])
def test_check_exits_10_exactly_when_something_would_change(
    changed: bool,  # noqa: FBT001 - a parameter of the test
    code: int,
    typed: Typed,
    played: PlayedDaemon,
) -> None:
    answer = AccountChanged(changed=changed, check=True, account=samples.account())
    played.answers[AccountAdd] = answer
    ended = typed("account", "add", "ops", "--check", "--json")
    assert ended.code == code
    assert ended.document["check"] is True
    assert ended.document["changed"] is changed


def test_a_checked_change_is_told_as_what_would_be(typed: Typed, played: PlayedDaemon) -> None:
    answer = AccountChanged(changed=True, check=True, account=samples.account())
    played.answers[AccountAdd] = answer
    assert typed("account", "add", "ops", "--check").err == "account ops would be added\n"


def test_unpair_says_when_the_phone_still_lists_the_device(
    typed: Typed, played: PlayedDaemon
) -> None:
    answer = AccountUnpaired(changed=True, account=samples.account(), device_removed=False)
    played.answers[AccountUnpair] = answer
    assert "the phone still lists the device" in typed("account", "unpair", "ops").err


def test_an_account_shows_what_it_needs_and_the_cure(typed: Typed, played: PlayedDaemon) -> None:
    account = samples.account(
        status="unpaired", reason="logged_out", attention=[samples.OFFLINE], phone=None
    )
    played.answers[AccountShow] = AccountResult(account)
    ended = typed("account", "show", "ops")
    assert "status:         unpaired (logged_out) since " in ended.out
    assert "critical: the phone unlinked it" in ended.out
    assert "  fix: waremind account pair ops" in ended.out
    assert "phone:" not in ended.out


@pytest.mark.parametrize(("status", "code"), [("connected", 0), ("disconnected", 3)])
def test_exit_status_of_an_account_is_3_unless_connected(
    status: str, code: int, typed: Typed, played: PlayedDaemon
) -> None:
    played.answers[AccountShow] = AccountResult(samples.account(status=status))
    ended = typed("account", "show", "ops", "--exit-status", "--json")
    assert ended.code == code
    assert ended.document["account"]["status"] == status


@pytest.mark.parametrize(("ok", "code"), [(True, 0), (False, 3)])
def test_exit_status_of_all_is_3_when_a_person_is_needed(
    ok: bool,  # noqa: FBT001 - a parameter of the test
    code: int,
    typed: Typed,
    played: PlayedDaemon,
) -> None:
    played.answers[Status] = samples.status(ok=ok)
    assert typed("status", "--exit-status").code == code


def test_status_shows_all_at_one_glance(typed: Typed, played: PlayedDaemon) -> None:
    freeze = Freeze(samples.NOON, "root", "maintenance")
    played.answers[Status] = samples.status(ok=False, frozen=freeze)
    out = typed("status").out
    for line in [
        "waremind: needs a person",
        "accounts: 3 connected, 1 unpaired",
        "messages: 2 due, 0 held, 1 failed in 24 h, 0 unknown",
        f"next:     reminder standup at {samples.NOON} (Europe/Berlin)",
        f"frozen:   since {samples.NOON_IN_UTC} by root: maintenance",
    ]:
        assert line in out.splitlines()


def test_status_says_that_no_reminder_is_due(typed: Typed, played: PlayedDaemon) -> None:
    played.answers[Status] = samples.status(next_at=None, next_reminder=None)
    assert "next:     no reminder is due" in typed("status").out.splitlines()


@pytest.mark.parametrize("code", ErrorCode)
def test_every_failure_has_its_sentence_its_cure_and_its_exit_code(
    code: ErrorCode, typed: Typed, played: PlayedDaemon
) -> None:
    played.answers[Status] = WaremindError(code, "cannot look: it is dark", hint="light a lamp")
    ended = typed("status")
    assert ended.code == code.exit_code
    assert ended.out == ""
    assert ended.err == "error: cannot look: it is dark\nhint: light a lamp\n"


def test_with_json_a_failure_is_one_object_on_the_last_line(
    typed: Typed, played: PlayedDaemon
) -> None:
    played.answers[Status] = AMBIGUOUS
    ended = typed("status", "--json")
    assert ended.out == ""
    assert ended.error == {
        "code": "ambiguous",
        "message": AMBIGUOUS.message,
        "hint": AMBIGUOUS.hint,
        "retryable": False,
        "candidates": AMBIGUOUS.details["candidates"],
    }


def test_an_ambiguous_name_lists_the_candidates(typed: Typed, played: PlayedDaemon) -> None:
    played.answers[Status] = AMBIGUOUS
    assert typed("status").err.splitlines()[1:3] == ["  grp_1  Team", "  grp_2  Team"]


def test_nothing_that_a_stranger_wrote_steers_the_terminal(
    typed: Typed, played: PlayedDaemon
) -> None:
    evil = "\x1b[2J\x9b31m\u202e[bold]x"
    played.answers[GroupList] = Groups([samples.group(name=evil)])
    played.answers[Status] = WaremindError(ErrorCode.INTERNAL, f"cannot {evil}", hint=evil)
    for ended in (typed("group", "list"), typed("status")):
        shown = ended.out + ended.err
        assert "[bold]x" in shown
        assert not {"\x1b", "\x9b", "\u202e"} & set(shown)


def test_version_names_the_daemons_too(typed: Typed, played: PlayedDaemon) -> None:
    played.answers[Version] = VersionResult("9.9.9")
    ended = typed("version")
    assert "daemon:   9.9.9" in ended.out
    assert "restart it" in ended.err


def test_version_needs_no_daemon(typed: Typed) -> None:
    ended = typed("version", "--json")
    assert ended.code == 0
    assert ended.document["daemon"] is None
    assert ended.document["version"] == __version__


@pytest.mark.parametrize("words", [["--version"], ["--json", "--version"]])
def test_the_version_is_an_option_too(words: list[str], typed: Typed) -> None:
    assert typed(*words).out == f"{__version__}\n"


def test_a_daemon_that_hangs_up_is_unreachable(typed: Typed, played: PlayedDaemon) -> None:
    played.answers[Status] = HANG_UP
    ended = typed("status", "--json")
    assert (ended.code, ended.error["code"]) == (4, "daemon_unreachable")
    assert "hung up" in ended.error["message"]


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH\n",
        b"[]\n",
        b'{"jsonrpc":"2.0","id":1,"result":{"ok":"perhaps"}}\n',
        NO_SUCH_METHOD,
    ],
)
def test_an_answer_that_is_not_ours_is_another_version(
    answer: bytes, typed: Typed, played: PlayedDaemon
) -> None:
    played.answers[Status] = answer
    ended = typed("status", "--json")
    assert (ended.code, ended.error["code"]) == (4, "version_mismatch")


def test_a_result_with_fields_of_a_newer_daemon_is_read(typed: Typed, played: PlayedDaemon) -> None:
    played.answers[Version] = b'{"jsonrpc":"2.0","id":1,"result":{"version":"2","moon":"full"}}\n'
    assert typed("version", "--json").document["daemon"] == "2"
