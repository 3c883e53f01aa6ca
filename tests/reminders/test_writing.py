"""Adding, setting and editing reminders."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from msgspec.structs import replace
from reminders.running import Running
from reminders.samples import LATER, YEAR, a_name, adding, ago, last_sunday, setting

from waremind.errors import ErrorCode, WaremindError
from waremind.requests.daemon import AuditList
from waremind.requests.reminder import (
    ReminderChanged,
    ReminderDelete,
    ReminderEdit,
    ReminderList,
    ReminderPause,
    ReminderShow,
)


def times(result: ReminderChanged) -> list[str]:
    return [occurrence.at for occurrence in result.next]


def test_add_answers_with_the_reminder_and_its_next_three_times(shared: Running) -> None:
    added = shared.call(adding(rrule="FREQ=DAILY", start=LATER, tz="Europe/Berlin"))
    assert added.changed
    assert times(added) == [f"{YEAR}-12-0{day}T09:00:00+01:00" for day in (1, 2, 3)]
    reminder = added.reminder
    assert reminder.state == "active"
    assert reminder.next_at == f"{YEAR}-12-01T09:00:00+01:00"
    assert reminder.start == f"{YEAR}-12-01T09:00:00+01:00"
    assert (reminder.at, reminder.rrule, reminder.tz) == (None, "FREQ=DAILY", "Europe/Berlin")
    assert (reminder.misfire, reminder.grace_seconds) == ("skip", 600)
    assert [group.name for group in reminder.to] == ["Team"]
    assert reminder.last_run is None
    assert shared.call(ReminderShow(reminder=reminder.id)).reminder == reminder


def test_add_leaves_a_reminder_alone_that_may_be_there(shared: Running) -> None:
    there = shared.call(adding()).reminder
    for check in (False, True):
        asked = adding(name=there.name, text="other", at=ago(days=1), exist_ok=True, check=check)
        again = shared.call(asked)
        assert (again.changed, again.reminder) == (False, there)
    assert shared.call(adding(exist_ok=True)).changed


def test_a_rule_that_started_long_ago_fires_next_after_now(shared: Running) -> None:
    added = shared.call(adding(rrule="FREQ=DAILY", start=ago(days=400)))
    assert ago(seconds=0) < times(added)[0] < ago(days=-1.5)


def test_a_start_in_a_gap_is_shown_as_it_was_written(shared: Running) -> None:
    gap = last_sunday(3)
    added = shared.call(adding(rrule="FREQ=DAILY", start=f"{gap}T02:30", tz="Europe/Berlin"))
    assert added.reminder.start == f"{gap}T02:30:00+01:00"
    assert times(added)[0] == f"{gap}T03:30:00+02:00"
    assert times(added)[1].endswith("T02:30:00+02:00")


def test_an_offset_says_which_of_two_times_in_a_fold_is_meant(shared: Running) -> None:
    second = f"{last_sunday(10)}T02:30:00+01:00"
    added = shared.call(adding(at=second, tz="Europe/Berlin"))
    assert times(added) == [added.reminder.next_at] == [second]


def test_what_is_late_by_less_than_its_grace_fires_at_once(shared: Running) -> None:
    added = shared.call(adding(at=ago(seconds=60))).reminder
    run = shared.until(lambda: shared.call(ReminderShow(reminder=added.id)).reminder.last_run)
    assert run.occurs_at == added.at
    shown = shared.call(ReminderShow(reminder=added.id)).reminder
    assert (shown.state, shown.next_at) == ("finished", None)


def test_the_text_is_sent_as_it_was_written(shared: Running) -> None:
    text = "Zeile eins\n\n  🕘 zwei\t'quoted' \\n\n"
    options = ["--account", "ops", "--to", "Team", "--at", LATER, "--text-file", "-"]
    crlf = text.replace("\n", "\r\n").encode()
    for given in (text.encode(), crlf):
        added = shared.cli("reminder", "add", *options, "--", a_name(), stdin=given)
        assert added.document["reminder"]["text"] == text.removesuffix("\n")


def test_a_group_named_twice_gets_one_message(shared: Running) -> None:
    id_ = shared.group("ops", "Thrice", jid="120363000000000777@g.us")
    to = ["Thrice", id_, "Friends", "120363000000000777@g.us"]
    added = shared.call(adding(to=to)).reminder
    assert [group.name for group in added.to] == ["Thrice", "Friends"]


def test_a_jid_not_seen_yet_is_taken_and_needs_a_look(shared: Running) -> None:
    jid = "120363000000000888@g.us"
    added = shared.call(adding(to=[jid]))
    assert [(group.jid, group.name) for group in added.reminder.to] == [(jid, "")]
    assert "group_not_seen" in [entry.code for entry in added.reminder.attention]
    assert any(jid in warning for warning in added.warnings)
    again = shared.call(adding(to=[jid])).reminder
    assert again.to == added.reminder.to


def test_set_makes_changes_and_then_finds_it_so(shared: Running) -> None:
    asked = setting(rrule="FREQ=DAILY;BYHOUR=9,8", start=LATER)
    made, found = shared.call(asked), shared.call(asked)
    assert (made.changed, found.changed) == (True, False)
    assert (made.created, found.created) == (True, False)
    assert (found.reminder, found.next) == (made.reminder, made.next)
    assert not shared.call(replace(asked, rrule="byhour=8,9;freq=daily")).changed
    changed = shared.call(replace(asked, text="new"))
    assert (changed.changed, changed.reminder.text) == (True, "new")
    assert changed.created is False
    assert changed.reminder.id == made.reminder.id


def test_set_leaves_paused_alone(shared: Running) -> None:
    name = a_name()
    shared.call(setting(name=name))
    shared.call(ReminderPause(reminder=name))
    for text in ("hi", "new"):
        assert shared.call(setting(name=name, text=text)).reminder.state == "paused"


def test_set_never_fires_the_past(shared: Running) -> None:
    with pytest.raises(WaremindError, match="it is past") as refused:
        shared.call(setting(at=ago(seconds=60)))
    assert refused.value.code is ErrorCode.INVALID_INPUT
    name = a_name()
    shared.call(setting(name=name, rrule="FREQ=DAILY", start=ago(days=3)))
    moved = shared.call(setting(name=name, rrule="FREQ=HOURLY", start=ago(days=3)))
    assert ago(seconds=0) < times(moved)[0]


def test_set_finds_a_finished_reminder_so(shared: Running) -> None:
    asked = adding(at=ago(seconds=60))
    name = shared.call(asked).reminder.name
    shared.until(lambda: shared.call(ReminderShow(reminder=name)).reminder.state == "finished")
    found = shared.call(setting(name=name, at=asked.at))
    assert (found.changed, found.next, found.reminder.state) == (False, (), "finished")


def test_what_stays_the_same_keeps_its_place_under_count(shared: Running) -> None:
    name = a_name()
    rule = {"rrule": "FREQ=DAILY;COUNT=5", "start": LATER}
    shared.call(setting(name=name, **rule))
    shared.sql(
        "UPDATE reminders SET next_ordinal = 4, next_at = next_at + interval '3 days',"
        " fires_at = next_at + interval '3 days',"
        " next_nominal = next_nominal + interval '3 days' WHERE name = %s",
        name,
    )
    changed = shared.call(setting(name=name, text="new", **rule))
    assert times(changed) == [f"{YEAR}-12-04T09:00:00+01:00", f"{YEAR}-12-05T09:00:00+01:00"]


def test_edit_changes_only_what_is_given(shared: Running) -> None:
    before = shared.call(adding(rrule="FREQ=DAILY", start=LATER, misfire="all")).reminder
    edited = shared.call(ReminderEdit(reminder=before.name, text="new", to=["Friends"]))
    after = edited.reminder
    assert edited.changed
    assert (after.text, [group.name for group in after.to]) == ("new", ["Friends"])
    kept = ("id", "name", "rrule", "start", "tz", "misfire", "grace_seconds", "next_at", "state")
    assert [getattr(after, key) for key in kept] == [getattr(before, key) for key in kept]
    assert not shared.call(ReminderEdit(reminder=before.id, text="new")).changed


def test_edit_keeps_the_clocks_time_in_another_zone(shared: Running) -> None:
    for fields in ({}, {"rrule": "FREQ=DAILY", "start": LATER}):
        name = shared.call(adding(**fields)).reminder.name
        moved = shared.call(ReminderEdit(reminder=name, tz="Asia/Jakarta"))
        assert times(moved)[0] == f"{YEAR}-12-01T09:00:00+07:00"


def test_edit_turns_a_single_time_into_a_rule_and_back(shared: Running) -> None:
    name = shared.call(adding()).reminder.name
    daily = shared.call(ReminderEdit(reminder=name, rrule="FREQ=DAILY"))
    assert times(daily) == [f"{YEAR}-12-0{day}T09:00:00+01:00" for day in (1, 2, 3)]
    once = shared.call(ReminderEdit(reminder=name, at=f"{YEAR}-12-24T18:00"))
    assert times(once) == [f"{YEAR}-12-24T18:00:00+01:00"]
    assert (once.reminder.rrule, once.reminder.start) == (None, None)


def test_edit_gives_a_finished_reminder_new_times(shared: Running) -> None:
    name = shared.call(adding(at=ago(seconds=5))).reminder.name
    shared.until(lambda: shared.call(ReminderShow(reminder=name)).reminder.state == "finished")
    edited = shared.call(ReminderEdit(reminder=name, at=LATER)).reminder
    assert (edited.state, edited.next_at) == ("active", f"{YEAR}-12-01T09:00:00+01:00")


def test_check_changes_nothing_and_says_what_would(shared: Running) -> None:
    name = a_name()
    options = ["--account", "ops", "--to", "Team", "--to", "120363000000000999@g.us"]
    options += ["--text", "hi", "--at", LATER, "--check", "--", name]
    for verb in ("add", "set"):
        checked = shared.cli("reminder", verb, *options)
        assert checked.code == 10
        assert checked.document["check"] is True
        assert checked.document["reminder"]["name"] == name
        assert len(checked.document["next"]) == 1
    assert not [r for r in shared.call(ReminderList()).reminders if r.name == name]
    assert shared.sql("SELECT 1 FROM whatsapp_groups WHERE jid LIKE '%%999@g.us'") == []
    existing = shared.call(adding()).reminder
    edited = shared.cli("reminder", "edit", existing.name, "--text", "new", "--check")
    assert (edited.code, edited.document["reminder"]["text"]) == (10, "new")
    assert shared.cli("reminder", "edit", existing.name, "--text", "hi", "--check").code == 0
    assert shared.cli("reminder", "delete", existing.name, "--check").code == 10
    assert shared.call(ReminderShow(reminder=existing.id)).reminder == existing


def test_every_change_has_its_operator_in_the_audit_log(shared: Running) -> None:
    name = shared.call(adding()).reminder.name
    shared.call(ReminderEdit(reminder=name, text="new", at=f"{YEAR}-12-02T09:00"))
    shared.call(ReminderDelete(reminder=name))
    entries = [e for e in shared.call(AuditList()).audit if e.target.name == name]
    assert [entry.action for entry in entries] == [
        "reminder.delete",
        "reminder.edit",
        "reminder.add",
    ]
    assert entries[1].detail == {"changed": ["text", "timing"]}
    assert all(entry.operator.name for entry in entries)


def test_editors_at_the_same_time_lose_nothing(shared: Running) -> None:
    name = shared.call(adding()).reminder.name
    texts = [ReminderEdit(reminder=name, text=f"text {number}") for number in range(20)]
    graces = [ReminderEdit(reminder=name, grace_seconds=number) for number in range(20)]

    def edit(changes: list[ReminderEdit]) -> bool:
        with shared.process.client() as client:
            return all(client.call(change).changed for change in changes)

    with ThreadPoolExecutor(2) as editors:
        assert all(editors.map(edit, [texts, graces]))
    shown = shared.call(ReminderShow(reminder=name)).reminder
    assert (shown.text, shown.grace_seconds) == ("text 19", 19)


def test_a_deleted_reminder_takes_its_runs_along(shared: Running) -> None:
    name = shared.call(adding(at=ago(seconds=5))).reminder.name
    shared.until(lambda: shared.call(ReminderShow(reminder=name)).reminder.last_run)
    deleted = shared.call(ReminderDelete(reminder=name))
    assert (deleted.changed, deleted.runs) == (True, 1)
    gone = shared.call(ReminderDelete(reminder=name, missing_ok=True))
    assert (gone.changed, gone.reminder) == (False, None)


def test_too_many_groups_for_the_governor_are_warned_of(shared: Running) -> None:
    groups = [shared.group("ops", f"Crowd {number}") for number in range(30)]
    rule = {"rrule": "FREQ=MINUTELY", "start": LATER}
    crowded = shared.call(adding(to=groups, grace_seconds=60, **rule))
    assert any("later than the grace of 1m" in warning for warning in crowded.warnings)
    assert any("fires every 1m" in warning for warning in crowded.warnings)
    few = shared.call(adding(to=groups[:2], **rule))
    assert not any("governor" in warning for warning in few.warnings)


def test_a_crontab_line_is_kept_as_the_rule_that_the_answer_shows(shared: Running) -> None:
    added = shared.call(adding(crontab="0 9 * * 1-5", tz="Europe/Berlin"))
    assert added.reminder.rrule == (
        "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;BYHOUR=9;BYMINUTE=0;BYSECOND=0"
    )
    assert all("T09:00:00" in time for time in times(added))
    assert ago(seconds=0) < times(added)[0] < ago(days=-4)
    edited = shared.call(ReminderEdit(reminder=added.reminder.id, on_calendar="*-*-01 10:00"))
    assert edited.reminder.start == added.reminder.start
    assert all("-01T10:00:00" in time for time in times(edited))


def test_set_finds_a_crontab_line_so_although_it_started_earlier(shared: Running) -> None:
    asked = setting(crontab="@daily", start="2026-01-05T00:00")
    started = shared.call(asked).reminder
    again = shared.call(replace(asked, start=None))
    assert (again.changed, again.reminder) == (False, started)
    assert shared.call(replace(asked, start=None, crontab="@weekly")).changed
