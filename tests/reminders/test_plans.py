"""What bends a rule, as operators ask for it: shown as it was asked, or refused with a cure."""

from __future__ import annotations

import pytest
from reminders.running import Running
from reminders.samples import YEAR, adding, setting

from waremind.errors import ErrorCode, WaremindError
from waremind.objects import Moved
from waremind.requests.plan import ReminderMove, ReminderSkip, ReminderUnskip
from waremind.requests.reminder import ReminderEdit, ReminderNext, ReminderShow

MANY = [f"{YEAR}-01-01T00:{minute:02}:{s:02}" for minute in range(9) for s in range(60)]
DAILY = {"rrule": "FREQ=DAILY", "start": f"{YEAR}-12-01T09:00"}


def test_what_is_asked_for_is_shown_and_asking_again_changes_nothing(shared: Running) -> None:
    asked = setting(
        **DAILY,
        text="{turn} {days_left}",
        except_=[f"{YEAR}-12-02T09:00"],
        also=[f"{YEAR}-12-02T10:00"],
        workdays="MO-FR",
        on_off="before",
        before=[3_600, 86_400, 3_600],
        quiet="22:00-7:00",
        rotate=["Ana", "Ben"],
        rotate_skipped=True,
        fields=True,
        until_day=f"{YEAR}-12-24",
    )
    made = shared.call(asked).reminder
    assert (made.except_, made.also) == ([f"{YEAR}-12-02T09:00:00"], [f"{YEAR}-12-02T10:00:00"])
    assert (made.workdays, made.on_off) == (["MO", "TU", "WE", "TH", "FR"], "before")
    assert (made.before_seconds, made.quiet) == ([86_400, 3_600], "22:00-07:00")
    assert (made.rotate, made.rotate_skipped, made.fields) == (["Ana", "Ben"], True, True)
    assert made.until_day == f"{YEAR}-12-24"
    listed = shared.call(ReminderNext(reminder=made.id, count=1)).occurrences[0]
    assert (made.next_at, made.next_turn) == (listed.at, "Ana") == (listed.at, listed.turn)
    assert not shared.call(asked).changed
    skip = ReminderSkip(reminder=made.id, at=f"{YEAR}-12-09T09:00")
    assert shared.call(skip).changed
    assert not shared.call(skip).changed
    assert not shared.call(asked).changed  # what was skipped by a command stays
    assert shared.call(ReminderShow(reminder=made.id)).reminder.skipped == [
        f"{YEAR}-12-09T09:00:00"
    ]


def test_an_edit_takes_away_what_is_given_empty_and_nothing_else(shared: Running) -> None:
    made = shared.call(adding(**DAILY, before=[60], quiet="22:00-07:00", workdays="MO-FR")).reminder
    edit = ReminderEdit(reminder=made.id, before=[], quiet=None)
    edited = shared.call(edit).reminder
    assert (edited.before_seconds, edited.quiet, len(edited.workdays)) == ([], None, 5)
    assert not shared.call(edit).changed
    assert shared.call(ReminderEdit(reminder=made.id, workdays="MO-SU")).reminder.workdays == []


def test_an_edited_rule_keeps_the_exceptions_that_it_has_and_says_which_it_drops(
    shared: Running,
) -> None:
    days = [f"{YEAR}-12-0{day}T09:00" for day in range(2, 6)]
    made = shared.call(adding(**DAILY, except_=days[:2])).reminder
    shared.call(ReminderSkip(reminder=made.id, at=days[2]))
    shared.call(ReminderMove(reminder=made.id, at=days[3], to=f"{YEAR}-12-05T12:00"))
    edited = shared.call(ReminderEdit(reminder=made.id, rrule="FREQ=DAILY;INTERVAL=2"))
    assert edited.reminder.except_ == [f"{days[1]}:00"]
    assert edited.reminder.moved == [Moved(f"{days[3]}:00", f"{YEAR}-12-05T12:00:00")]
    assert edited.reminder.skipped == []
    assert [text for text in edited.warnings if "dropped" in text] == [
        f"what was said of {YEAR}-12-0{day} 09:00 is dropped: it is no occurrence any more"
        for day in (2, 4)
    ]


def test_fields_that_nobody_fills_in_are_sent_as_they_stand_and_said(shared: Running) -> None:
    made = shared.call(adding(**DAILY, text="{date}: {turn}, {name}"))
    said = "{date}, {turn} in the text: sent as it stands; --fields fills it in"
    assert said in made.warnings
    assert made.reminder.text == "{date}: {turn}, {name}"
    filled = shared.call(adding(**DAILY, text="{date}", fields=True))
    assert not [text for text in filled.warnings if "--fields" in text]


def test_check_skips_nothing(shared: Running) -> None:
    made = shared.call(adding(**DAILY)).reminder
    checked = shared.call(ReminderSkip(reminder=made.id, check=True))
    assert (checked.changed, checked.check) == (True, True)
    assert checked.occurrences == (f"{YEAR}-12-01T09:00:00",)
    assert checked.reminder.skipped == [*checked.occurrences]
    assert shared.call(ReminderShow(reminder=made.id)).reminder == made


def test_what_is_left_out_is_said_of_the_next_one_and_at_the_end(shared: Running) -> None:
    rule = {"rrule": "FREQ=DAILY;COUNT=3", "start": f"{YEAR}-12-01T09:00"}
    made = shared.call(adding(**rule)).reminder
    for day in (1, 3):
        shared.call(ReminderSkip(reminder=made.id, at=f"{YEAR}-12-0{day}T09:00"))
    told = shared.call(ReminderNext(reminder=made.id, explain=True))
    assert [(one.at[:10], one.note, one.recurrence_id) for one in told.occurrences] == [
        (
            f"{YEAR}-12-02",
            f"{YEAR}-12-01 09:00 was skipped by an operator",
            f"{YEAR}-12-02T09:00:00",
        )
    ]
    assert told.left_out == [f"{YEAR}-12-03 09:00 was skipped by an operator"]


def test_what_one_message_stands_for_too_is_said_of_it(shared: Running) -> None:
    rule = {"rrule": "FREQ=DAILY;COUNT=3", "start": f"{YEAR}-12-01T09:00", "before": [86_400]}
    made = shared.call(adding(**rule)).reminder
    shared.call(ReminderSkip(reminder=made.id, at=f"{YEAR}-12-01T09:00"))
    told = shared.call(ReminderNext(reminder=made.id, explain=True)).occurrences
    ahead = f"ahead of {YEAR}-12"
    assert [(one.at[8:10], one.note) for one in told] == [
        (
            "01",
            f"{YEAR}-12-01 09:00 was skipped by an operator; 1d {ahead}-02 09:00",
        ),
        ("02", f"it stands for the one 1d {ahead}-03 09:00 too"),
        ("03", None),
    ]


def test_the_last_one_may_be_skipped_and_the_reminder_ends_with_it(shared: Running) -> None:
    made = shared.call(adding()).reminder
    skipped = shared.call(ReminderSkip(reminder=made.id)).reminder
    assert (skipped.state, skipped.next_at) == ("active", None)
    back = shared.call(ReminderUnskip(reminder=made.id, at=f"{YEAR}-12-01T09:00")).reminder
    assert back == made


@pytest.mark.parametrize(
    ("fields", "reason", "cure"),
    [
        ({"except_": [f"{YEAR}-12-02T10:00"]}, "there is no occurrence then", "reminder next"),
        ({"except_": ["2026-12-02"]}, "--except '2026-12-02': it has no time", "T09:00"),
        ({"workdays": "MO-XX"}, "it names no weekdays", "--workdays MO-FR"),
        ({"before": [0]}, "not within 0 and ten years", "--before 1d"),
        ({"before": list(range(1, 12))}, "more than 10", "second reminder"),
        ({"quiet": "all night"}, "not two times of a day", "22:00-07:00"),
        ({"rotate": ["Ana", "Ben", "Ana"], "fields": True}, "'Ana': it is there twice", "tell"),
        ({"rotate": ["Ana", " "], "fields": True}, "it is no name", "--rotate Ana,Ben"),
        ({"rotate": [str(n) for n in range(201)], "fields": True}, "more than 200", "fewer"),
        ({"rotate": ["Ana"]}, "fields are not filled in", "add --fields"),
        ({"until_day": "soon", "fields": True}, "it is not a day", "2026-12-24"),
        ({"text": "{name}", "fields": True}, "{name} is no field", "{turn}"),
        (
            {"also": [f"{YEAR}-01-01T00:{m:02}:{s:02}" for m in range(9) for s in range(60)]},
            "more than 500",
            "change the rule",
        ),
        (
            {"quiet": "08:00-10:00"},
            "late by 1h at their end: not sent (misfire skip)",
            "--misfire once",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_its_cure(
    shared: Running, fields: dict[str, object], reason: str, cure: str
) -> None:
    with pytest.raises(WaremindError) as refused:
        shared.call(adding(**{**DAILY, **fields}))
    assert refused.value.code is ErrorCode.INVALID_INPUT
    assert reason in refused.value.message
    assert cure in refused.value.hint


def test_an_occurrence_that_is_none_is_refused_with_the_nearest(shared: Running) -> None:
    made = shared.call(adding(**DAILY)).reminder
    when, far = f"{YEAR}-12-02T10:00", f"{YEAR + 3}-12-01T09:00"
    past = shared.call(adding(rrule="FREQ=DAILY", start="2020-01-01T09:00")).reminder
    for request, reason, cure in (
        (ReminderSkip(reminder=made.id, at=when), "has no occurrence then", "nearest:"),
        (ReminderUnskip(reminder=made.id, at=when), "has no occurrence then", "reminder next"),
        (ReminderMove(reminder=made.id, at=when, to=when), "has no occurrence then", "nearest:"),
        (ReminderSkip(reminder=past.id, at="2020-01-02T09:00"), "it is past", "reminder next"),
        (ReminderSkip(reminder=made.id, count=101), "not a number from 1 to 100", "-n 1"),
        (
            ReminderMove(reminder=made.id, at=f"{YEAR}-12-02T09:00", to=far),
            "more than a year away",
            "--also",
        ),
        (
            ReminderMove(reminder=made.id, at=f"{YEAR}-12-02T09:00", to="2020-01-01T09:00"),
            "is past",
            "later --to",
        ),
    ):
        with pytest.raises(WaremindError) as refused:
            shared.call(request)
        assert refused.value.code is ErrorCode.INVALID_INPUT
        assert reason in refused.value.message
        assert cure in refused.value.hint


def test_where_nothing_comes_nothing_is_skipped(shared: Running) -> None:
    made = shared.call(adding()).reminder
    shared.call(ReminderSkip(reminder=made.id))
    with pytest.raises(WaremindError, match="there is none"):
        shared.call(ReminderSkip(reminder=made.id))
