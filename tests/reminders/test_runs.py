"""Looking at runs, and saying how an unknown one ended."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from postgres_fixtures import Postgres
from reminders.conftest import furnish
from reminders.running import Running, running
from reminders.samples import adding, ago

from waremind.errors import ErrorCode, WaremindError
from waremind.objects import Run
from waremind.requests.daemon import AuditList, Status
from waremind.requests.reminder import ReminderShow
from waremind.requests.run import RunList, RunResolve, RunShow
from waremind.store.runs import STATUSES

REMINDERS = 4


@pytest.fixture(scope="module")
def daemon(postgres: Postgres, migrated_template: str) -> Iterator[Running]:
    """Give a daemon where some reminders have fired; their account is not paired."""
    with postgres.database(migrated_template) as dsn, running(dsn) as daemon:
        furnish(daemon)
        for _ in range(REMINDERS):
            fired(daemon)
        yield daemon


def fired(daemon: Running) -> Run:
    """Let a reminder to two groups fire."""
    id_ = daemon.call(adding(at=ago(seconds=5), to=["Team", "Friends"])).reminder.id
    run = daemon.until(lambda: daemon.call(ReminderShow(reminder=id_)).reminder.last_run)
    assert run is not None
    return run


def unknown(daemon: Running) -> Run:
    """Let a daemon have ended between sending a run's first message and hearing of it."""
    run = fired(daemon)
    daemon.sql(
        "UPDATE deliveries SET status = 'unknown', reason = 'crashed', finished_at = now()"
        " WHERE run_id = %s AND position = 1",
        run.id,
    )
    daemon.sql(
        "UPDATE deliveries SET status = 'sent', reason = NULL, finished_at = now()"
        " WHERE run_id = %s AND position = 2",
        run.id,
    )
    return daemon.call(RunShow(run=run.id)).run


def test_runs_are_listed_newest_first(daemon: Running) -> None:
    newest = fired(daemon)
    listed = daemon.call(RunList())
    assert listed.runs[0].id == newest.id
    assert not listed.truncated
    numbers = daemon.sql("SELECT id FROM runs ORDER BY number DESC")
    assert [run.id for run in listed.runs] == [id_ for (id_,) in numbers]


def test_a_list_says_when_there_are_more(daemon: Running) -> None:
    few = daemon.call(RunList(limit=2))
    assert (len(few.runs), few.truncated) == (2, True)
    everything = daemon.call(RunList(limit=0))
    assert (len(everything.runs) >= REMINDERS, everything.truncated) == (True, False)
    exactly = daemon.call(RunList(limit=len(everything.runs)))
    assert not exactly.truncated


def test_runs_are_chosen_by_reminder_account_status_and_time(daemon: Running) -> None:
    run = unknown(daemon)
    assert [r.id for r in daemon.call(RunList(reminder=run.reminder)).runs] == [run.id]
    assert run.id in [r.id for r in daemon.call(RunList(status="unknown")).runs]
    assert run.id not in [r.id for r in daemon.call(RunList(status="held")).runs]
    daemon.account("elsewhere")
    assert daemon.call(RunList(account="elsewhere")).runs == []
    daemon.sql("UPDATE runs SET occurs_at = occurs_at - interval '2 days' WHERE id = %s", run.id)
    assert run.id not in [r.id for r in daemon.call(RunList(since="1d", limit=0)).runs]
    assert run.id in [r.id for r in daemon.call(RunList(since="3d", limit=0)).runs]
    assert daemon.call(RunList(since="2099-01-01T00:00:00Z")).runs == []


def test_each_run_is_found_by_its_status_and_by_no_other(daemon: Running) -> None:
    for status in ("missed", "skipped"):
        one_group, stretch = fired(daemon), fired(daemon)
        daemon.sql(
            "UPDATE deliveries SET status = %s, reason = 'x', finished_at = now()"
            " WHERE run_id = %s AND position = 1",
            status,
            one_group.id,
        )
        daemon.sql("DELETE FROM deliveries WHERE run_id = %s", stretch.id)
        daemon.sql(
            "UPDATE runs SET outcome = %s, reason = 'x', until = occurs_at, count = 2"
            " WHERE id = %s",
            status,
            stretch.id,
        )
        daemon.sql(
            "UPDATE deliveries SET status = 'revoked', message_id = 'm', reason = NULL,"
            " finished_at = now() WHERE run_id = %s AND position = 2",
            one_group.id,
        )
    everything = daemon.call(RunList(limit=0)).runs
    assert {"held", "missed", "skipped"} <= {run.status for run in everything}
    for status in STATUSES:
        found = daemon.call(RunList(status=status, limit=0)).runs
        assert found == [run for run in everything if run.status == status]


def test_a_status_that_is_none_is_refused_with_those_that_are(daemon: Running) -> None:
    with pytest.raises(WaremindError, match="no status 'done'") as refused:
        daemon.call(RunList(status="done"))
    assert refused.value.code is ErrorCode.INVALID_INPUT
    assert "unknown, failed, missed" in refused.value.hint


def test_a_run_says_how_it_is_and_why(daemon: Running) -> None:
    run = fired(daemon)
    assert (run.status, run.reason) == ("held", "unpaired")
    assert run.reason_text == "The account is not paired."
    assert (run.account, run.count, run.until, run.finished_at) == ("ops", 1, None, None)
    assert [(d.group.name, d.status, d.attempts) for d in run.deliveries] == [
        ("Team", "held", 0),
        ("Friends", "held", 0),
    ]
    assert run.occurs_at.endswith(("+01:00", "+02:00"))


def test_a_message_of_unknown_outcome_needs_a_person_until_it_is_resolved(daemon: Running) -> None:
    run = unknown(daemon)
    daemon.sql("UPDATE runs SET reminder_id = NULL WHERE id = %s", run.id)
    daemon.sql("UPDATE deliveries SET alarm_of = NULL WHERE run_id = %s", run.id)
    (need,) = [each for each in daemon.call(Status()).attention if each.kind == "run"]
    assert (need.code, need.id) == ("send_unknown", run.id)
    assert f"waremind run resolve {run.id}" in need.fix
    daemon.call(RunResolve(run=run.id, outcome="sent"))
    assert [each for each in daemon.call(Status()).attention if each.kind == "run"] == []


@pytest.mark.parametrize("outcome", ["sent", "failed"])
def test_an_operator_says_how_an_unknown_run_ended(daemon: Running, outcome: str) -> None:
    run = unknown(daemon)
    assert (run.status, run.reason) == ("unknown", "crashed")
    resolve = RunResolve(run=run.id, outcome=outcome)  # pyright: ignore[reportArgumentType] - parametrized
    first, second = daemon.call(resolve), daemon.call(resolve)
    assert (first.changed, second.changed) == (True, False)
    assert first.run == second.run
    assert first.run is not None
    assert first.run.status == outcome
    assert [delivery.status for delivery in first.run.deliveries] == [outcome, "sent"]
    assert first.run.finished_at is not None
    entry = daemon.call(AuditList(limit=1)).audit[0]
    assert (entry.action, entry.target.id, entry.detail) == (
        "run.resolve",
        run.id,
        {"outcome": outcome},
    )


def test_only_an_unknown_run_is_resolved(daemon: Running) -> None:
    held, resolved = fired(daemon), unknown(daemon)
    daemon.call(RunResolve(run=resolved.id, outcome="sent"))
    for run in (held.id, resolved.id):
        ended = daemon.cli("run", "resolve", run, "--as", "failed")
        assert (ended.code, ended.error["code"]) == (7, "conflict")
        assert "none of its deliveries is unknown" in ended.error["message"]
    again = daemon.cli("run", "resolve", resolved.id, "--as", "sent")
    assert (again.code, again.document["changed"]) == (0, False)


def test_check_resolves_nothing(daemon: Running) -> None:
    run = unknown(daemon)
    assert daemon.cli("run", "resolve", run.id, "--as", "sent", "--check").code == 10
    assert daemon.call(RunShow(run=run.id)).run == run
