"""What people are told about reminders and their times."""

from __future__ import annotations

import pytest
from cli import samples
from cli.conftest import Typed
from cli.played_daemon import PlayedDaemon

from waremind.objects import Occurrence
from waremind.requests.plan import ReminderSkip
from waremind.requests.reminder import (
    ReminderAdd,
    ReminderChanged,
    ReminderResult,
    ReminderSet,
    ReminderShow,
)
from waremind.requests.run import RunList, Runs


def test_the_times_of_a_list_are_in_one_zone_that_of_whoever_looks(
    typed: Typed, played: PlayedDaemon
) -> None:
    zones = ["2026-12-01T09:00:00+01:00", "2026-12-01T08:30:00+00:00", "2026-12-01T03:15:00-05:00"]
    played.answers[RunList] = Runs([samples.run(occurs_at=at) for at in zones], truncated=False)
    _, *rows = typed("run", "list", TZ="Asia/Tokyo").out.splitlines()
    assert [row.split()[0] for row in rows] == [
        "2026-12-01T17:00:00+09:00",
        "2026-12-01T17:30:00+09:00",
        "2026-12-01T17:15:00+09:00",
    ]


def test_json_keeps_each_run_in_its_reminders_zone(typed: Typed, played: PlayedDaemon) -> None:
    played.answers[RunList] = Runs([samples.run()], truncated=False)
    [run] = typed("run", "list", "--json", TZ="Asia/Tokyo").document["runs"]
    assert run["occurs_at"] == samples.NOON


def test_a_reminder_shows_its_text_line_by_line(typed: Typed, played: PlayedDaemon) -> None:
    played.answers[ReminderShow] = ReminderResult(samples.reminder())
    out = typed("reminder", "show", "standup").out
    assert out.endswith("text:\n  Stand-up\n  in 5 minutes\n")
    assert "too late: after 10m, then skip" in out


def test_adding_a_reminder_says_when_it_fires_and_warns(typed: Typed, played: PlayedDaemon) -> None:
    played.answers[ReminderAdd] = ReminderChanged(
        changed=True,
        reminder=samples.reminder(),
        next=(Occurrence(samples.NOON, "clock goes forward"),),
        warnings=("the governor lets it go 3 minutes late",),
    )
    ended = typed(
        *("reminder", "add", "x", "-a", "ops", "--to", "Team", "--text", "hi", "--at", "now")
    )
    assert ended.err.splitlines() == [
        "warning: the governor lets it go 3 minutes late",
        "reminder x added",
        f"next: {samples.NOON}  clock goes forward",
    ]


@pytest.mark.parametrize(
    ("own", "said"),
    [
        (["2026-12-01T09:00:00"], "occurrence 2026-12-01T09:00:00 of reminder standup skipped"),
        (
            ["2026-12-01T09:00:00", "2026-12-02T09:00:00"],
            "occurrences 2026-12-01T09:00:00, 2026-12-02T09:00:00 of reminder standup skipped",
        ),
    ],
)
def test_skipping_says_which_occurrence_went(
    own: list[str], said: str, typed: Typed, played: PlayedDaemon
) -> None:
    played.answers[ReminderSkip] = ReminderChanged(
        changed=True, reminder=samples.reminder(), occurrences=tuple(own)
    )
    assert typed("reminder", "skip", "standup").err.splitlines() == [said]


@pytest.mark.parametrize(
    ("changed", "created", "said"),
    [
        (True, True, "reminder standup added"),
        (True, False, "reminder standup changed"),
        (False, False, "reminder standup left as it was"),
    ],
)
def test_setting_a_reminder_says_what_it_took(
    changed: bool,  # noqa: FBT001
    created: bool,  # noqa: FBT001
    said: str,
    typed: Typed,
    played: PlayedDaemon,
) -> None:
    answer = ReminderChanged(changed=changed, created=created, reminder=samples.reminder())
    played.answers[ReminderSet] = answer
    ended = typed(
        *("reminder", "set", "standup", "-a", "ops", "--to", "Team", "--text", "hi", "--at", "now")
    )
    assert (ended.code, ended.err) == (0, f"{said}\n")
