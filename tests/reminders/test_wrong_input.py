"""What operators type wrong about a reminder's plan: each with its code, sentence and cure."""

from __future__ import annotations

import pytest
from reminders.running import Running, running
from reminders.samples import YEAR, adding

from waremind.requests.calendar import CalendarAdd
from waremind.requests.reminder import ReminderNext

ADD = (*("reminder", "add", "wrong", "--account", "ops", "--to", "Team", "--tz", "Europe/Berlin"),)
DAILY = (*ADD, "--rrule", "FREQ=DAILY", "--start", f"{YEAR}-12-01T09:00", "--text")
TARGET = ("--account", "ops", "--to", "Team")
# The line, its exit code, error code, and what the sentence and the cure say.
WRONG: dict[str, tuple[tuple[str, ...], int, str, str, str]] = {
    "an occurrence that is none": (
        ("reminder", "skip", "right", f"{YEAR}-12-01T10:00"),
        *(2, "invalid_input", "has no occurrence then", f"nearest: {YEAR}-12-01T09:00:00"),
    ),
    "an exception that is none": (
        (*DAILY, "hi", "--except", f"{YEAR}-12-01T10:00"),
        *(2, "invalid_input", "there is no occurrence then", "waremind reminder next"),
    ),
    "a calendar that is used and deleted": (
        ("calendar", "delete", "feasts", "--yes"),
        *(7, "conflict", "reminders keep it: right", "--off ''"),
    ),
    "a calendar that is none": (
        (*DAILY, "hi", "--off", "nothing"),
        *(6, "not_found", "cannot find calendar 'nothing'", "waremind calendar add"),
    ),
    "a country that holidays lacks": (
        ("calendar", "add", "atlantis", "--country", "XX"),
        *(2, "invalid_input", "holidays of 'XX' are not known", "known: AD"),
    ),
    "a rotation with a name twice": (
        (*DAILY, "{turn}", "--fields", "--rotate", "Ana,Ben,Ana"),
        *(2, "invalid_input", "it is there twice", "leave it out once"),
    ),
    "a turn without fields": (
        (*DAILY, "{turn}", "--rotate", "Ana,Ben"),
        *(2, "invalid_input", "fields are not filled in", "add --fields"),
    ),
    "a field that is none": (
        (*DAILY, "{day}", "--fields"),
        *(2, "invalid_input", "{day} is no field", "{weekday}"),
    ),
    "a cron line that has no RRULE": (
        (*ADD, "--text", "hi", "--cron", "0 9 13 * fri"),
        *(2, "invalid_input", "cannot use --cron", ""),
    ),
    "an ICS file that never ends": (
        ("reminder", "import", "/dev/zero", *TARGET),
        *(2, "invalid_input", "it is longer than 1048576 bytes", "name another"),
    ),
    "a calendar file that never ends": (
        ("calendar", "add", "endless", "--ics", "/dev/zero"),
        *(2, "invalid_input", "it is longer than 1048576 bytes", "name another"),
    ),
}


@pytest.fixture(scope="module")
def furnished(shared: Running) -> Running:
    """Give a daemon with a reminder called right, which keeps a calendar."""
    shared.call(CalendarAdd(name="feasts", days=f"{YEAR}-12-25"))
    rule = {"rrule": "FREQ=DAILY", "start": f"{YEAR}-12-01T09:00", "tz": "Europe/Berlin"}
    shared.call(adding(name="right", **rule, off=["feasts"]))
    return shared


@pytest.mark.parametrize("what", WRONG)
def test_what_is_typed_wrong_is_refused_with_its_cure(what: str, furnished: Running) -> None:
    line, code, error, sentence, cure = WRONG[what]
    ended = furnished.cli(*line)
    refused = ended.error
    assert (ended.code, refused["code"]) == (code, error)
    assert sentence in refused["message"]
    assert cure in refused["hint"]
    assert refused["hint"]


def test_a_rule_that_needs_no_reminder_keeps_the_quiet_hours_of_all(dsn: str) -> None:
    with running(dsn, WAREMIND_QUIET__HOURS="22:00-09:05") as daemon:
        rule = {"rrule": "FREQ=DAILY", "start": f"{YEAR}-12-01T09:00", "tz": "Europe/Berlin"}
        (one,) = daemon.call(ReminderNext(**rule, count=1, explain=True)).occurrences
    assert one.at == f"{YEAR}-12-01T09:05:00+01:00"
    assert one.note == "held back by quiet hours 22:00-09:05"
