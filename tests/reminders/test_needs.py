"""What about reminders needs a person: in the reminder, and in `status`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from postgres_fixtures import Postgres
from reminders.conftest import furnish
from reminders.running import Running, running
from reminders.samples import LATER, adding, ago

from waremind.objects import Attention, NextReminder, Reminder
from waremind.requests.account import AccountShow
from waremind.requests.daemon import AuditList, FreezeSet, Status, Thaw
from waremind.requests.reminder import ReminderList, ReminderPause, ReminderShow


@pytest.fixture(scope="module")
def daemon(postgres: Postgres, migrated_template: str) -> Iterator[Running]:
    """Give a daemon to tests that look each at a reminder of their own."""
    with postgres.database(migrated_template) as dsn, running(dsn) as daemon:
        furnish(daemon)
        yield daemon


def needs(daemon: Running, reminder: Reminder) -> dict[str, Attention]:
    """Say what a reminder needs, beside a paired account."""
    shown = daemon.call(ReminderShow(reminder=reminder.id)).reminder
    return {e.code: e for e in shown.attention if e.code != "account_not_paired"}


def test_an_account_that_is_not_paired_is_critical_for_its_reminders(daemon: Running) -> None:
    reminder = daemon.call(adding()).reminder
    (entry,) = reminder.attention
    assert (entry.code, entry.severity) == ("account_not_paired", "critical")
    assert entry.fix == "waremind account pair ops"
    daemon.call(ReminderPause(reminder=reminder.id))
    assert daemon.call(ReminderShow(reminder=reminder.id)).reminder.attention == []


@pytest.mark.parametrize(
    ("columns", "code", "severity"),
    [
        ({"left_at": "2026-01-02T03:04:05Z"}, "group_left", "critical"),
        ({"announce_only": True}, "announce_only", "critical"),
        ({"synced_at": None}, "group_not_seen", "warning"),
    ],
)
def test_a_group_that_cannot_be_reached_is_named(
    daemon: Running, columns: dict[str, object], code: str, severity: str
) -> None:
    group = daemon.group("ops", f"A group with {code}", **columns)
    reminder = daemon.call(adding(to=[group, "Team"])).reminder
    entry = needs(daemon, reminder)[code]
    assert entry.severity == severity
    assert f"A group with {code}" in entry.text
    assert entry.fix
    if code == "group_left":
        assert entry.since == "2026-01-02T03:04:05+00:00"


def test_an_admin_may_write_to_an_announce_only_group(daemon: Running) -> None:
    group = daemon.group("ops", "Ours", announce_only=True, admin=True)
    assert needs(daemon, daemon.call(adding(to=[group])).reminder) == {}


def test_a_rule_that_became_too_slow_needs_a_new_one(daemon: Running) -> None:
    reminder = daemon.call(adding(rrule="FREQ=DAILY", start=LATER)).reminder
    daemon.sql("UPDATE reminders SET too_slow_since = now() WHERE id = %s", reminder.id)
    entry = needs(daemon, reminder)["rule_too_slow"]
    assert (entry.severity, "--rrule" in entry.fix) == ("critical", True)
    assert daemon.call(ReminderShow(reminder=reminder.id)).reminder.next_at is None
    edited = daemon.cli("reminder", "edit", reminder.id, "--rrule", "FREQ=WEEKLY")
    assert edited.document["reminder"]["next_at"] == reminder.next_at
    assert needs(daemon, reminder) == {}


@pytest.mark.parametrize(("status", "cure"), [("failed", "run show"), ("unknown", "run resolve")])
def test_a_last_run_that_was_not_sent_is_told(daemon: Running, status: str, cure: str) -> None:
    reminder = daemon.call(adding(at=ago(seconds=5))).reminder
    run = daemon.until(lambda: daemon.call(ReminderShow(reminder=reminder.id)).reminder.last_run)
    assert run is not None
    daemon.sql(
        "UPDATE deliveries SET status = %s, reason = 'crashed', finished_at = now()"
        " WHERE run_id = %s",
        status,
        run.id,
    )
    entry = needs(daemon, reminder)[f"last_run_{status}"]
    assert entry.severity == "warning"
    assert f"{cure} {run.id}" in entry.fix
    assert daemon.call(ReminderShow(reminder=reminder.id)).reminder.state == "finished"
    needing = [e.code for e in daemon.call(Status()).attention if e.id == reminder.id]
    assert needing == [f"last_run_{status}"]


def test_status_counts_and_names_what_needs_a_person(dsn: str) -> None:
    with running(dsn) as daemon:
        assert daemon.cli("status", "--exit-status").code == 0
        furnish(daemon)
        daemon.call(adding(at=ago(seconds=5), to=["Team", "Friends"]))
        later = daemon.call(adding(at="2099-12-01T09:00")).reminder
        daemon.until(lambda: daemon.call(Status()).runs.held)
        status = daemon.call(Status())
        assert (status.runs.due, status.runs.held) == (0, 2)
        assert status.next_at == "2099-12-01T09:00:00+01:00"
        assert status.next_reminder == NextReminder(later.id, later.name, "Europe/Berlin")
        assert [(e.kind, e.id, e.name, e.code) for e in status.attention] == [
            ("reminder", later.id, later.name, "account_not_paired")
        ]
        assert not status.ok
        assert daemon.cli("status", "--exit-status").code == 3


def test_status_lists_no_more_reminders_than_fit_a_glance(dsn: str) -> None:
    with running(dsn) as daemon:
        furnish(daemon)
        for _ in range(51):
            daemon.call(adding())
        attention = daemon.call(Status()).attention
        assert len(attention) == 51
        assert "more than 50 reminders" in attention[-1].text
        assert len(daemon.call(ReminderList()).reminders) == 51


def test_a_freeze_needs_a_person_and_survives_a_restart(dsn: str) -> None:
    with running(dsn) as daemon:
        furnish(daemon)
        first = daemon.call(FreezeSet(reason="spam"))
        second = daemon.call(FreezeSet(reason="again"))
        assert (first.changed, second.changed) == (True, False)
        assert first.frozen == second.frozen
        assert first.frozen is not None
        assert first.frozen.reason == "spam"
        daemon.call(FreezeSet(account="ops"))
    with running(dsn) as daemon:
        status = daemon.call(Status())
        assert status.frozen == first.frozen
        assert [(e.kind, e.name, e.code, e.fix) for e in status.attention] == [
            ("daemon", None, "frozen", "waremind thaw"),
            ("account", "ops", "frozen", "waremind thaw --account ops"),
        ]
        (frozen,) = daemon.call(AccountShow(account="ops")).account.attention
        assert (frozen.code, frozen.fix) == ("frozen", "waremind thaw --account ops")
        refused = daemon.cli("send", "--account", "ops", "--to", "Team", "--text", "hi")
        assert (refused.code, refused.error["code"]) == (7, "frozen")
        assert "spam" in refused.error["message"]
        assert (daemon.call(Thaw()).changed, daemon.call(Thaw()).changed) == (True, False)
        refused = daemon.cli("send", "--account", "ops", "--to", "Team", "--text", "hi")
        assert refused.error["hint"] == "waremind thaw --account ops"
        thawed = daemon.call(Thaw(account="ops"))
        assert (thawed.changed, thawed.frozen, thawed.account) == (True, None, "ops")
        assert daemon.call(Status()).attention == []
        assert daemon.call(AccountShow(account="ops")).account.attention == []
        target = daemon.call(AuditList(limit=1)).audit[0].target
        assert (target.kind, target.name) == ("account", "ops")


def test_check_neither_freezes_nor_thaws(dsn: str) -> None:
    with running(dsn) as daemon:
        furnish(daemon)
        assert daemon.cli("thaw", "--check").code == 0
        assert daemon.cli("freeze", "--check").code == 10
        assert daemon.call(Status()).frozen is None
        daemon.call(FreezeSet())
        assert daemon.cli("freeze", "--check").code == 0
        checked = daemon.cli("thaw", "--check")
        assert (checked.code, bool(checked.document["frozen"])) == (10, True)
        assert daemon.call(Status()).frozen is not None
