"""The daemon was down for three days over due times: what each rule makes of it, and no flood."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from daemon_process import DaemonProcess, environment, until
from delivery.stage import UNGOVERNED, Stage, moment, stage
from postgres_fixtures import Postgres
from whatsapp_server.harness import PlayedWhatsApp

from waremind.objects import MisfireRule, Run
from waremind.requests.daemon import Status
from waremind.requests.reminder import ReminderShow
from waremind.requests.run import RunList

DAYS = 3
HOUR = 3600


class Absence:
    """Reminders over which the daemon is down; they are told by their names."""

    def __init__(self, made: Stage) -> None:
        self._stage = made
        self._ids: dict[str, str] = {}

    def remind(self, name: str, rrule: str, *, minutes_ago: int, **fields: object) -> None:
        """Add a reminder that fired last so many minutes ago, had it not been away."""
        start = moment(days=-10, minutes=-minutes_ago).removesuffix("+00:00")
        self._ids[name] = self._stage.remind(rrule=rrule, start=start, text=name, **fields).id

    def once(self, name: str, **fields: object) -> None:
        """Add a reminder that is due while the daemon is away."""
        at = moment(days=DAYS, hours=-1)
        self._ids[name] = self._stage.remind(at=at, text=name, **fields).id

    def happen(self) -> None:
        """Stop the daemon for three days; as the clock cannot go on, the reminders go back."""
        self._stage.daemon.stop()
        self._stage.sql(
            "UPDATE reminders SET at = at - %s * interval '1 day',"
            " next_at = next_at - %s * interval '1 day',"
            " fires_at = next_at - %s * interval '1 day',"
            " next_nominal = next_nominal - %s * interval '1 day'",
            *[DAYS] * 4,
        )
        self._stage.daemon.start()
        until(self._is_over, "what was due to be sent")

    def _is_over(self) -> bool:
        report = self._stage.daemon.call(Status())
        late = report.next_at and datetime.fromisoformat(report.next_at) < datetime.now(UTC)
        return not (report.runs.due or late)

    def runs(self, name: str) -> list[Run]:
        """List what became of a reminder, the oldest first."""
        runs = self._stage.daemon.call(RunList(reminder=self._ids[name], limit=0)).runs
        return sorted(runs, key=lambda run: datetime.fromisoformat(run.occurs_at))

    def became(self, name: str) -> list[tuple[str, str | None, int]]:
        return [(run.status, run.reason, run.count) for run in self.runs(name)]

    def read(self, name: str) -> int:
        """Count how often the phones show it."""
        return sum(message.text == name for message in self._stage.messages())

    def state(self, name: str) -> str:
        shown = self._stage.daemon.call(ReminderShow(reminder=self._ids[name]))
        return shown.reminder.state

    @property
    def messages(self) -> int:
        return len(self._stage.messages())


RULES: tuple[MisfireRule, ...] = ("skip", "once", "all")


@pytest.fixture(scope="module")
def absence(postgres: Postgres, migrated_template: str) -> Iterator[Absence]:
    """Let the daemon be away for three days over reminders of every kind."""
    with (
        PlayedWhatsApp() as whatsapp,
        postgres.database(migrated_template) as dsn,
        DaemonProcess(environment(whatsapp, dsn) | UNGOVERNED) as daemon,
    ):
        away = Absence(stage(daemon, whatsapp, dsn, 1))
        for rule in RULES:
            each = {"misfire": rule, "grace_seconds": HOUR}
            away.remind(f"daily {rule}", "FREQ=DAILY", minutes_ago=120, **each)
            away.remind(f"daily in time {rule}", "FREQ=DAILY", minutes_ago=30, **each)
            away.remind(f"hourly {rule}", "FREQ=HOURLY", minutes_ago=90, misfire=rule)
            away.remind(f"counted {rule}", "FREQ=DAILY;COUNT=14", minutes_ago=120, misfire=rule)
            away.once(f"once {rule}", misfire=rule)
        away.once("once without hurry", misfire="skip", grace_seconds=DAYS * 24 * HOUR)
        away.remind(
            "minutely once", "FREQ=MINUTELY", minutes_ago=0, misfire="once", grace_seconds=0
        )
        away.happen()
        yield away


def test_a_daily_reminder_that_skips_has_one_row_that_says_how_many_it_missed(
    absence: Absence,
) -> None:
    assert absence.became("daily skip") == [("missed", "down", DAYS)]
    (stretch,) = absence.runs("daily skip")
    assert stretch.until is not None
    first, last = map(datetime.fromisoformat, (stretch.occurs_at, stretch.until))
    assert last - first == timedelta(days=DAYS - 1)
    assert absence.read("daily skip") == 0


def test_once_sends_the_latest_and_says_which_it_left_out(absence: Absence) -> None:
    assert absence.became("daily once") == [("missed", "down", DAYS - 1), ("sent", None, 1)]
    assert absence.read("daily once") == 1


def test_all_sends_each(absence: Absence) -> None:
    assert absence.became("daily all") == [("sent", None, 1)] * DAYS
    assert absence.read("daily all") == DAYS


@pytest.mark.parametrize("rule", ["skip", "once"])
def test_what_is_within_grace_is_sent_and_what_is_not_is_missed(
    absence: Absence, rule: str
) -> None:
    name = f"daily in time {rule}"
    assert absence.became(name) == [("missed", "down", DAYS - 1), ("sent", None, 1)]
    assert absence.read(name) == 1


def test_all_sends_at_most_ten_of_the_late_and_says_that_it_was_capped(absence: Absence) -> None:
    became = absence.became("hourly all")
    assert became[0] == ("missed", "capped", DAYS * 24 - 10)
    assert became[1:] == [("sent", None, 1)] * 10
    assert absence.read("hourly all") == 10


def test_a_rule_that_was_used_up_meanwhile_has_finished(absence: Absence) -> None:
    assert absence.became("counted skip") == [("missed", "down", 3)]
    assert absence.became("counted once") == [("missed", "down", 2), ("sent", None, 1)]
    assert absence.became("counted all") == [("sent", None, 1)] * 3
    assert {absence.state(f"counted {rule}") for rule in RULES} == {"finished"}


def test_a_time_that_came_only_once_goes_by_the_same_rules(absence: Absence) -> None:
    assert absence.became("once skip") == [("missed", "down", 1)]
    assert absence.became("once once") == [("sent", None, 1)]
    assert absence.became("once all") == [("sent", None, 1)]
    assert absence.became("once without hurry") == [("sent", None, 1)]
    assert absence.state("once skip") == "finished"


def test_every_minute_of_three_days_is_one_message_and_a_few_rows(absence: Absence) -> None:
    *stretches, last = absence.became("minutely once")
    assert last == ("sent", None, 1)
    assert {(status, reason) for status, reason, _ in stretches} == {("missed", "down")}
    assert len(stretches) < 10
    assert sum(count for *_, count in stretches) == pytest.approx(DAYS * 24 * 60, abs=5)


def test_nothing_else_was_sent(absence: Absence) -> None:
    assert absence.messages <= 1 + 3 + 2 + 1 + 3 + 10 + 1 + 1 + 3 + 2 + 1 + 2
