"""Pausing and resuming: what is due in between is skipped, and said so in one run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from reminders.running import Running
from reminders.samples import LATER, adding, ago, ahead

from waremind.errors import ErrorCode, WaremindError
from waremind.objects import Reminder, Run
from waremind.requests.reminder import ReminderPause, ReminderResume, ReminderShow
from waremind.requests.run import RunList


def paused(daemon: Running, days: int, **fields: object) -> Reminder:
    """Make a reminder as if so many days had passed since it was paused."""
    reminder = daemon.call(adding(**fields)).reminder
    daemon.call(ReminderPause(reminder=reminder.id))
    daemon.sql(
        "UPDATE reminders SET next_at = next_at - v.ago,"
        " fires_at = next_at - v.ago, next_nominal = next_nominal - v.ago,"
        " at = at - v.ago, start = start - v.ago FROM make_interval(days => %s) AS v (ago)"
        " WHERE id = %s",
        days,
        reminder.id,
    )
    return reminder


def runs(daemon: Running, reminder: Reminder) -> list[Run]:
    return daemon.call(RunList(reminder=reminder.id)).runs


def test_a_paused_reminder_waits_for_nothing(shared: Running) -> None:
    reminder = shared.call(adding()).reminder
    pause = ReminderPause(reminder=reminder.name)
    first, second = shared.call(pause), shared.call(pause)
    assert (first.changed, second.changed) == (True, False)
    assert (first.reminder.state, first.reminder.next_at, first.next) == ("paused", None, ())
    assert first.reminder.attention == []


def test_a_resumed_reminder_goes_on(shared: Running) -> None:
    reminder = shared.call(adding()).reminder
    shared.call(ReminderPause(reminder=reminder.name))
    resume = ReminderResume(reminder=reminder.name)
    first, second = shared.call(resume), shared.call(resume)
    assert (first.changed, second.changed) == (True, False)
    assert first.reminder == second.reminder == reminder
    assert [occurrence.at for occurrence in first.next] == [reminder.next_at]
    assert runs(shared, reminder) == []


def test_what_came_due_while_paused_is_one_run_that_says_so(shared: Running) -> None:
    reminder = paused(shared, 5, rrule="FREQ=DAILY", start=ago(days=30))
    resumed = shared.call(ReminderResume(reminder=reminder.id))
    assert resumed.reminder.next_at == reminder.next_at
    (run,) = runs(shared, reminder)
    assert (run.status, run.reason, run.count) == ("skipped", "paused", 5)
    assert run.reason_text
    assert run.deliveries == []
    first, until = (datetime.fromisoformat(at) for at in (run.occurs_at, run.until or ""))
    assert timedelta(days=3.9) < until - first < timedelta(days=4.1)
    assert resumed.reminder.last_run == run


def test_a_month_of_minutes_is_passed_over_too(shared: Running) -> None:
    reminder = paused(shared, 30, rrule="FREQ=MINUTELY", start=ago(days=400))
    resumed = shared.call(ReminderResume(reminder=reminder.id)).reminder
    assert datetime.now(UTC) < datetime.fromisoformat(resumed.next_at or "")
    (run,) = runs(shared, reminder)
    assert 43_200 <= run.count <= 43_202


def test_a_time_that_passed_while_paused_finishes_the_reminder(shared: Running) -> None:
    reminder = paused(shared, 3, at=ahead(days=2))
    resumed = shared.call(ReminderResume(reminder=reminder.id))
    assert (resumed.reminder.state, resumed.reminder.next_at) == ("finished", None)
    assert [(run.status, run.count) for run in runs(shared, reminder)] == [("skipped", 1)]


def test_count_is_used_up_by_what_is_skipped(shared: Running) -> None:
    reminder = paused(shared, 5, rrule="FREQ=DAILY;COUNT=7", start=ahead(hours=1))
    resumed = shared.call(ReminderResume(reminder=reminder.id))
    assert [run.count for run in runs(shared, reminder)] == [5]
    assert len(resumed.next) == 2


@pytest.mark.parametrize("request_type", [ReminderPause, ReminderResume])
def test_what_has_finished_is_neither_paused_nor_resumed(
    shared: Running, request_type: type[ReminderPause | ReminderResume]
) -> None:
    name = shared.call(adding(at=ago(seconds=5))).reminder.name
    shared.until(lambda: shared.call(ReminderShow(reminder=name)).reminder.state == "finished")
    with pytest.raises(WaremindError, match="it has finished") as refused:
        shared.call(request_type(reminder=name))
    assert refused.value.code is ErrorCode.CONFLICT
    assert "--at WHEN" in refused.value.hint


def test_check_says_what_would_change(shared: Running) -> None:
    name = shared.call(adding(at=LATER)).reminder.name
    assert shared.cli("reminder", "resume", name, "--check").code == 0
    checked = shared.cli("reminder", "pause", name, "--check")
    assert (checked.code, checked.document["reminder"]["state"]) == (10, "paused")
    assert shared.call(ReminderShow(reminder=name)).reminder.state == "active"
