"""All that makes a reminder fire when it does, in one sentence."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from cli import samples
from cli.conftest import Typed
from cli.played_daemon import PlayedDaemon

from waremind.cli.reminder_words import sentence
from waremind.objects import Moved
from waremind.requests.calendar import CalendarList, Calendars
from waremind.requests.reminder import ReminderList, ReminderResult, Reminders, ReminderShow

WEEKDAYS = {"rrule": "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "next_at": "2026-12-07T09:00:00+01:00"}
ALL = {
    **WEEKDAYS,
    "off": ["Bavaria"],
    "on_off": "before",
    "before_seconds": [86_400],
    "rotate": ["Ana", "Ben", "Cem"],
    "next_turn": "Ben",
}
DAILY = "daily at 09:00 Europe/Berlin"
SENTENCES: list[tuple[dict[str, Any], str]] = [
    (
        ALL,
        (
            "weekdays at 09:00 Europe/Berlin, not on public holidays of Bavaria: then the day"
            " before; 1 day ahead; in turn: Ana, Ben, Cem; next: Mon 7 Dec, turn: Ben"
        ),
    ),
    ({}, DAILY),
    ({"next_at": "2027-01-02T09:00:00+01:00"}, f"{DAILY}; next: Sat 2 Jan 2027"),
    ({"state": "paused"}, f"{DAILY}; paused"),
    (
        {"rrule": None, "start": None, "at": "2026-12-24T18:00:00+01:00"},
        "once on Thu 24 Dec 2026 at 18:00 Europe/Berlin",
    ),
    (
        {"rrule": None, "start": None, "at": "2026-12-24T18:00:30+01:00"},
        "once on Thu 24 Dec 2026 at 18:00:30 Europe/Berlin",
    ),
    ({"off": ["ours"]}, f"{DAILY}, not on days off of ours"),
    (
        {"off": ["Bavaria", "ours"], "workdays": ["MO", "TU", "WE"], "on_off": "after"},
        (
            f"{DAILY}, not on public holidays of Bavaria, days off of ours or days other than"
            " MO-WE: then the working day after"
        ),
    ),
    ({"workdays": ["MO", "FR"]}, f"{DAILY}, not on days other than MO,FR"),
    ({"workdays": ["SU"]}, f"{DAILY}, not on days other than SU"),
    ({"before_seconds": [9_000, 60]}, f"{DAILY}; 2 hours 30 minutes and 1 minute ahead"),
    ({"quiet": "22:00-07:00"}, f"{DAILY}; quiet 22:00-07:00"),
    ({"quiet": "none"}, f"{DAILY}; in quiet hours, too"),
    ({"follow_up_seconds": 7_200}, f"{DAILY}; again after 2h"),
    (
        {"follow_up_seconds": 7_200, "unless_read_percent": 50},
        f"{DAILY}; again after 2h unless 50 % have read it",
    ),
    (
        {
            "except_": ["2026-12-24T09:00:00", "2026-12-25T09:00:00"],
            "also": ["2026-12-24T12:00:00"],
            "skipped": [f"2026-12-0{day}T09:00:00" for day in range(1, 6)],
            "moved": [Moved("2026-12-31T09:00:00", "2026-12-30T09:00:00")],
        },
        (
            f"{DAILY}; except Thu 24 Dec 2026 and Fri 25 Dec 2026; also Thu 24 Dec 2026;"
            " skipped 5 times; moved Thu 31 Dec 2026"
        ),
    ),
    ({"rotate": list("abcdef")}, f"{DAILY}; in turn: a, b, c, d, 2 more"),
    ({"rrule": "FREQ=NEWLY"}, "FREQ=NEWLY Europe/Berlin"),
    (
        {"rrule": "FREQ=YEARLY;BYYEARDAY=100"},
        "FREQ=YEARLY;BYYEARDAY=100 from 2026-12-01 09:00 Europe/Berlin",
    ),
]


@pytest.mark.parametrize(("fields", "said"), SENTENCES)
def test_a_reminder_is_said_in_one_sentence(fields: dict[str, Any], said: str) -> None:
    reminder = samples.reminder(**{"next_at": None, **fields})
    assert sentence(reminder, {"Bavaria": samples.calendar()}, date(2026, 12, 1)) == said


def test_list_and_show_say_it(typed: Typed, played: PlayedDaemon) -> None:
    reminder = samples.reminder(**{**ALL, "off": ["bavaria"]})
    said = "weekdays at 09:00 Europe/Berlin, not on public holidays of bavaria: then the day before"
    played.answers = {
        ReminderList: Reminders([reminder]),
        ReminderShow: ReminderResult(reminder),
        CalendarList: Calendars([samples.calendar()]),
    }
    assert said in typed("reminder", "list").out
    assert f"when:     {said}; 1 day ahead" in typed("reminder", "show", "standup").out
    assert "weekdays" not in typed("reminder", "show", "standup", "--json").out
