"""`send` and `reminder run` end with what became of the messages."""

from __future__ import annotations

import threading

import pytest
from cli import samples
from cli.conftest import OnTerminal, Typed
from cli.played_daemon import SILENCE, PlayedDaemon

from waremind.errors import ErrorCode, WaremindError
from waremind.objects import GroupName, Run
from waremind.requests.account import AccountChanged, AccountSync
from waremind.requests.run import ReminderRun, RunChanged, RunResult, RunShow, Send

SEND = ("send", "--account", "ops", "--to", "Team", "--text", "hi")
OUTCOMES = [
    ("failed", None, 1, "send_failed"),
    ("missed", "late", 1, "send_failed"),
    ("unknown", None, 1, "send_unknown"),
    ("held", "banned", 7, "held"),
    ("held", "frozen", 7, "frozen"),
    ("sending", None, 8, "timed_out"),
    ("scheduled", None, 8, "timed_out"),
]


def test_only_what_was_sent_everywhere_exits_0(typed: Typed, played: PlayedDaemon) -> None:
    played.answers[Send] = RunChanged(changed=True, run=samples.run())
    ended = typed(*SEND)
    assert (ended.code, ended.out) == (0, "")
    assert ended.err == "message to Team sent as run_0123456789ab\n"


@pytest.mark.parametrize("command", [SEND, ("reminder", "run", "standup")])
@pytest.mark.parametrize(("status", "reason", "exit_code", "code"), OUTCOMES)
def test_any_other_end_prints_the_run_and_is_a_failure(  # noqa: PLR0913, PLR0917 - parameters
    command: tuple[str, ...],
    status: str,
    reason: str | None,
    exit_code: int,
    code: str,
    typed: Typed,
    played: PlayedDaemon,
) -> None:
    run = samples.run(status=status, reason=reason, reason_text="the reason")
    answer = RunChanged(changed=True, run=run)
    played.answers = {Send: answer, ReminderRun: answer}
    ended = typed(*command, "--json")
    assert ended.code == exit_code
    assert ended.document["run"]["status"] == status
    assert (ended.error["code"], ended.error["run"]) == (code, run.id)
    assert ended.error["message"] == "cannot send to Team: the reason"


def test_groups_whose_names_have_spaces_are_told_apart(typed: Typed, played: PlayedDaemon) -> None:
    groups = [samples.TEAM, GroupName("grp_2", "2@g.us", "Night shift"), GroupName("g", "3@g", "")]
    failed = [samples.delivery(group=group, status="failed") for group in groups]
    run = samples.run(status="failed", deliveries=failed)
    played.answers[Send] = RunChanged(changed=True, run=run)
    assert typed(*SEND).err.startswith("error: cannot send to Team, 'Night shift', 3@g: ")


def test_a_failed_message_is_not_called_sent(typed: Typed, played: PlayedDaemon) -> None:
    played.answers[Send] = RunChanged(changed=True, run=samples.run(status="failed"))
    assert typed(*SEND).err.splitlines() == [
        "error: cannot send to Team: the message was not sent",
        "hint: waremind run show run_0123456789ab says why",
    ]


def test_what_the_daemon_gave_up_waiting_for_names_the_run(
    typed: Typed, played: PlayedDaemon
) -> None:
    played.answers[Send] = WaremindError(ErrorCode.TIMED_OUT, run="run_1")
    ended = typed(*SEND, "--json")
    assert (ended.code, ended.error["run"]) == (8, "run_1")


@pytest.mark.parametrize("command", [SEND, ("reminder", "run", "standup")])
def test_whoever_leaves_earlier_is_told_that_it_goes_on(
    command: tuple[str, ...], on_terminal: OnTerminal, played: PlayedDaemon
) -> None:
    asked = threading.Event()

    def wait(_request: Send | ReminderRun) -> object:
        asked.set()
        return SILENCE

    played.answers = {Send: wait, ReminderRun: wait}
    terminal = on_terminal(*command)
    assert asked.wait(30)
    terminal.type("\x03")
    assert terminal.wait_end() == 130
    assert "what has begun goes on without you: waremind run list" in terminal.text()


def test_without_waiting_a_run_that_goes_on_is_no_failure(
    typed: Typed, played: PlayedDaemon
) -> None:
    answer = RunChanged(changed=True, run=samples.run(status="scheduled"))
    played.answers[Send] = answer
    ended = typed(*SEND, "--no-wait")
    assert ended.code == 0
    assert ended.err == "message to Team begun as run_0123456789ab\n"


def test_the_same_key_again_reports_how_that_run_ended(typed: Typed, played: PlayedDaemon) -> None:
    played.answers[Send] = RunChanged(changed=False, run=samples.run(status="failed"))
    ended = typed(*SEND, "--key", "nightly", "--json")
    assert (ended.code, ended.document["changed"]) == (1, False)


def test_a_check_makes_no_run(typed: Typed, played: PlayedDaemon) -> None:
    played.answers[Send] = RunChanged(changed=True, check=True, run=None)
    ended = typed(*SEND, "--check")
    assert (ended.code, ended.err) == (10, "message to Team would be sent\n")


class Messages:
    """A run to two groups whose second message leaves when the test says so."""

    def __init__(self, played: PlayedDaemon) -> None:
        self.left = threading.Event()
        played.answers = {
            Send: lambda request: RunChanged(changed=True, run=self.run(begun=not request.wait)),
            RunShow: lambda _: RunResult(self.run(begun=not self.left.is_set())),
        }

    def run(self, *, begun: bool) -> Run:
        """Give the run as it is, just begun or ended."""
        status = "sending" if begun else "sent"
        deliveries = [samples.delivery(), samples.delivery(status=status)]
        return samples.run(status=status, deliveries=deliveries)


def test_whoever_watches_sees_how_much_is_sent_and_until_when_it_waits(
    on_terminal: OnTerminal, played: PlayedDaemon
) -> None:
    messages = Messages(played)
    terminal = on_terminal(*SEND)
    terminal.wait_for("1/2")
    assert "message to Team " in terminal.text()
    assert " s of at most 60 s" in terminal.text()
    messages.left.set()
    assert terminal.wait_end() == 0
    assert terminal.text() == "message to Team sent as run_0123456789ab"


def test_what_is_sent_at_once_needs_no_line(on_terminal: OnTerminal, played: PlayedDaemon) -> None:
    Messages(played).left.set()
    terminal = on_terminal(*SEND)
    assert terminal.wait_end() == 0
    assert b"at most" not in terminal.written


def test_whoever_watches_too_long_is_told_that_it_goes_on(
    on_terminal: OnTerminal, played: PlayedDaemon
) -> None:
    Messages(played)
    terminal = on_terminal(*SEND, "--timeout", "1s")
    assert terminal.wait_end() == 8
    assert "it goes on; look at it: waremind run show run_0123456789ab" in terminal.text()
    assert "at most" not in terminal.text()


def test_whoever_watches_a_sync_sees_that_it_is_under_way(
    on_terminal: OnTerminal, played: PlayedDaemon
) -> None:
    fetched = threading.Event()

    def sync(_request: AccountSync) -> AccountChanged:
        fetched.wait()
        return AccountChanged(changed=True, account=samples.account())

    played.answers[AccountSync] = sync
    terminal = on_terminal("account", "sync", "ops")
    terminal.wait_for("fetching the groups of account ops 1 s of at most 30 s")
    fetched.set()
    assert terminal.wait_end() == 0
    assert terminal.text().startswith("account ops synced")


def test_a_terminal_that_is_resized_meanwhile_gets_its_cursor_back(
    on_terminal: OnTerminal, played: PlayedDaemon
) -> None:
    messages = Messages(played)
    terminal = on_terminal(*SEND)
    terminal.wait_for("1/2")
    terminal.resize(60, 24)
    terminal.wait_for("1/2")
    messages.left.set()
    assert terminal.wait_end() == 0
    assert terminal.written.count(b"\x1b[?25l") == terminal.written.count(b"\x1b[?25h")
