"""`run revoke` asks first, and ends with what could not be taken back."""

from __future__ import annotations

import pytest
from cli import samples
from cli.conftest import OnTerminal, Typed
from cli.played_daemon import PlayedDaemon

from waremind.objects import Delivery, GroupName
from waremind.requests.run import RunChanged, RunResult, RunRevoke, RunShow

RUN = "run_0123456789ab"
OTHER = GroupName("grp_2", "2@g.us", "Friends")
STANDING = [
    ("sent", "too_old", 7, "conflict", "the reason"),
    ("sent", "refused_479", 9, "refused", "the reason"),
    ("sent", "interrupted", 1, "send_unknown", "the reason"),
    ("unknown", None, 1, "send_unknown", "nobody knows whether it was sent, nor its id"),
    ("sending", None, 8, "timed_out", "it is being sent just now"),
    ("revoking", None, 8, "timed_out", "it is still being deleted"),
]


def answered(played: PlayedDaemon, *deliveries: Delivery) -> None:
    run = samples.run(status="revoked", deliveries=list(deliveries))
    played.answers = {RunRevoke: RunChanged(changed=True, run=run), RunShow: RunResult(run)}


def test_without_a_terminal_it_needs_yes(typed: Typed, played: PlayedDaemon) -> None:
    ended = typed("run", "revoke", RUN, "--json")
    assert (ended.code, ended.error["code"]) == (2, "confirmation_required")
    assert ended.error["message"].startswith(f"cannot revoke run {RUN}: ")
    assert played.asked == []


def test_a_terminal_is_told_where_it_would_be_deleted(
    on_terminal: OnTerminal, played: PlayedDaemon
) -> None:
    answered(played, samples.delivery(status="revoked"))
    terminal = on_terminal("run", "revoke", RUN)
    terminal.wait_for(f"Revoke run {RUN} in 1 group: Team? [y/N]")
    assert played.asked == [RunShow(run=RUN)]
    terminal.type("y\r")
    assert terminal.wait_end() == 0


def test_all_that_was_deleted_exits_0(typed: Typed, played: PlayedDaemon) -> None:
    answered(played, samples.delivery(status="revoked"), samples.delivery(status="skipped"))
    ended = typed("run", "revoke", RUN, "--yes")
    assert (ended.code, ended.err) == (0, f"run {RUN} revoked\n")


@pytest.mark.parametrize(("status", "reason", "exit_code", "code", "why"), STANDING)
def test_what_still_stands_is_a_failure_that_names_it(  # noqa: PLR0913, PLR0917 - parameters
    status: str,
    reason: str | None,
    exit_code: int,
    code: str,
    why: str,
    typed: Typed,
    played: PlayedDaemon,
) -> None:
    standing = samples.delivery(status=status, revoke_reason=reason, revoke_text="the reason")
    answered(played, samples.delivery(status="revoked"), standing)
    ended = typed("run", "revoke", RUN, "--yes", "--json")
    assert (ended.code, ended.error["code"]) == (exit_code, code)
    assert ended.error["message"] == f"cannot revoke the message to Team: {why}"
    assert ended.document["run"]["id"] == RUN


def test_what_was_not_to_be_deleted_may_stand(typed: Typed, played: PlayedDaemon) -> None:
    answered(played, samples.delivery(status="revoked"), samples.delivery(group=OTHER))
    assert typed("run", "revoke", RUN, "--to", "Team", "--yes").code == 0
