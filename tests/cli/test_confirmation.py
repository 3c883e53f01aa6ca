"""Deleting asks on a terminal, says what goes with it, and elsewhere needs --yes."""

from __future__ import annotations

import pytest
from cli import samples
from cli.conftest import OnTerminal, Typed
from cli.played_daemon import PlayedDaemon

from waremind.requests.account import AccountDelete, AccountDeleted
from waremind.requests.reminder import ReminderDelete, ReminderDeleted

WITH_ALL = AccountDeleted(
    changed=True, account=samples.account(), groups=3, reminders=1, runs=14, device_removed=True
)
QUESTION = "Delete account ops with 3 groups, 1 reminder, 14 runs? [y/N]"


@pytest.mark.parametrize("noun", ["account", "reminder"])
def test_without_a_terminal_nothing_is_asked_and_nothing_is_done(
    noun: str, typed: Typed, played: PlayedDaemon
) -> None:
    ended = typed(noun, "delete", "ops", "--json")
    assert (ended.code, ended.error["code"]) == (2, "confirmation_required")
    assert "--yes" in ended.error["hint"]
    assert played.asked == []


def test_yes_deletes_without_asking(typed: Typed, played: PlayedDaemon) -> None:
    played.answers[AccountDelete] = WITH_ALL
    ended = typed("account", "delete", "ops", "--yes")
    assert ended.code == 0
    assert ended.err == "account ops deleted with 3 groups, 1 reminder, 14 runs\n"
    assert played.asked == [AccountDelete(account="ops")]


def test_check_needs_no_yes(typed: Typed, played: PlayedDaemon) -> None:
    answer = ReminderDeleted(changed=True, check=True, reminder=samples.reminder(), runs=1)
    played.answers[ReminderDelete] = answer
    ended = typed("reminder", "delete", "standup", "--check")
    assert (ended.code, ended.err) == (10, "reminder standup would be deleted with 1 run\n")
    assert played.asked == [ReminderDelete(reminder="standup", check=True)]


def test_a_terminal_is_told_what_goes_with_it_before_anything_goes(
    on_terminal: OnTerminal, played: PlayedDaemon
) -> None:
    played.answers[AccountDelete] = WITH_ALL
    terminal = on_terminal("account", "delete", "ops")
    terminal.wait_for(QUESTION)
    assert played.asked == [AccountDelete(account="ops", check=True)]
    terminal.type("y\r")
    assert terminal.wait_end() == 0
    assert played.asked[1:] == [AccountDelete(account="ops")]


@pytest.mark.parametrize("answer", ["\r", "n\r", "yesterday\r", "\x04"])
def test_anything_but_yes_deletes_nothing(
    answer: str, on_terminal: OnTerminal, played: PlayedDaemon
) -> None:
    played.answers[AccountDelete] = WITH_ALL
    terminal = on_terminal("account", "delete", "ops")
    terminal.wait_for(QUESTION)
    terminal.type(answer)
    assert terminal.wait_end() == 2
    assert "it was not confirmed" in terminal.text()
    assert len(played.asked) == 1


def test_what_is_not_there_is_not_asked_about(
    on_terminal: OnTerminal, played: PlayedDaemon
) -> None:
    played.answers[AccountDelete] = AccountDeleted(changed=False, account=None)
    terminal = on_terminal("account", "delete", "ops", "--missing-ok")
    assert terminal.wait_end() == 0
    assert terminal.text() == "account ops: nothing to do"
