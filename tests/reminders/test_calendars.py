"""Calendars: made from a country, a list or a file; kept by reminders, which move with a change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from reminders.running import Running
from reminders.samples import YEAR, adding

from waremind.daemon.rules.days import FoundDays, IcsDays, NoDays
from waremind.errors import ErrorCode, WaremindError
from waremind.requests.calendar import (
    CalendarAdd,
    CalendarDelete,
    CalendarList,
    CalendarRefresh,
    CalendarSet,
    CalendarShow,
    DayOff,
    MovedReminder,
)
from waremind.requests.daemon import Status
from waremind.requests.reminder import ReminderDelete, ReminderEdit, ReminderNext

DAILY = {"rrule": "FREQ=DAILY", "start": f"{YEAR}-12-21T09:00", "tz": "Europe/Berlin"}


def test_a_country_has_its_holidays_and_asking_again_changes_nothing(shared: Running) -> None:
    asked = CalendarSet(name="bavaria", country="de", subdivision="BY")
    made = shared.call(asked)
    assert made.changed
    assert made.calendar is not None
    assert (made.calendar.country, made.calendar.subdivision) == ("DE", "BY")
    assert made.calendar.ends_on == f"{datetime.now(UTC).year + 10}-12-31"
    assert not shared.call(asked).changed
    shown = shared.call(CalendarShow(calendar="bavaria"))
    assert DayOff(f"{YEAR}-12-25", "Erster Weihnachtstag") in shown.days
    assert made.calendar in shared.call(CalendarList()).calendars


def test_a_reminder_keeps_a_calendar_and_says_why_it_is_elsewhere(shared: Running) -> None:
    days = f"{YEAR}-12-24 Christmas Eve\n# and more\n{YEAR}-12-25..{YEAR}-12-26 Feast\n"
    shared.call(CalendarSet(name="feasts", days=days))
    made = shared.call(adding(**DAILY, off=["feasts"], on_off="skip")).reminder
    assert made.off == ["feasts"]
    told = shared.call(ReminderNext(reminder=made.id, count=5, explain=True)).occurrences
    assert [one.at[5:10] for one in told] == ["12-21", "12-22", "12-23", "12-27", "12-28"]
    assert f"{YEAR}-12-24 09:00 falls on Christmas Eve: skipped" in (told[3].note or "")
    assert "calendar feasts ends on" in (told[4].note or "")
    [feasts] = [each for each in shared.call(CalendarList()).calendars if each.name == "feasts"]
    twice = ReminderEdit(reminder=made.id, off=[feasts.id, "feasts"])
    assert not shared.call(twice).changed
    edited = shared.call(ReminderEdit(reminder=made.id, off=[""])).reminder
    assert edited.off == []


def test_a_changed_calendar_moves_its_reminders_and_says_which(shared: Running) -> None:
    shared.call(CalendarSet(name="ours", days=f"{YEAR}-01-01"))
    made = shared.call(adding(**DAILY, off=["ours"])).reminder
    new = CalendarSet(name="ours", days=f"{YEAR}-12-21 Solstice", check=True)
    was, then = (f"{YEAR}-12-{day}T09:00:00+01:00" for day in (21, 22))
    moved = [MovedReminder(made.name, was, then)]
    assert shared.call(new).moved == moved
    assert shared.call(CalendarShow(calendar="ours")).days == [DayOff(f"{YEAR}-01-01", "")]
    told = shared.call(CalendarSet(name="ours", days=f"{YEAR}-12-21 Solstice"))
    assert (told.changed, told.moved) == (True, moved)
    assert shared.call(ReminderNext(reminder=made.id, count=1)).occurrences[0].at == then


def test_a_calendar_is_added_once_and_left_where_it_may_be_there(shared: Running) -> None:
    asked = CalendarAdd(name="once", days=f"{YEAR}-01-01")
    assert shared.call(CalendarAdd(name="once", days=f"{YEAR}-01-01", check=True)).changed
    assert shared.call(asked).changed
    with pytest.raises(WaremindError, match="there is one with this name") as refused:
        shared.call(asked)
    assert refused.value.code is ErrorCode.ALREADY_EXISTS
    assert "waremind calendar set once" in refused.value.hint
    left = shared.call(CalendarAdd(name="once", days=f"{YEAR}-02-02", exist_ok=True))
    assert (left.changed, left.calendar and left.calendar.ends_on) == (False, f"{YEAR}-01-01")


def test_a_calendar_is_refreshed_by_its_country_or_a_newer_file_and_moves_reminders(
    shared: Running,
) -> None:
    shared.call(CalendarSet(name="saxony", country="DE", subdivision="SN"))
    assert not shared.call(CalendarRefresh(calendar="saxony")).changed
    # As the library knew it a year ago: one year less, and without a holiday.
    shared.sql("UPDATE calendars SET ends_on = ends_on - 365 WHERE name = 'saxony'")
    shared.sql("DELETE FROM calendar_days WHERE day = %s", f"{YEAR}-12-25")
    rule = {"rrule": "FREQ=DAILY", "start": f"{YEAR}-12-25T09:00", "tz": "Europe/Berlin"}
    made = shared.call(adding(**rule, off=["saxony"])).reminder
    told = shared.call(CalendarRefresh(calendar="saxony", check=True))
    moved = [
        MovedReminder(made.name, f"{YEAR}-12-25T09:00:00+01:00", f"{YEAR}-12-27T09:00:00+01:00")
    ]
    assert (told.changed, told.moved) == (True, moved)
    assert shared.call(CalendarRefresh(calendar="saxony")).moved == moved
    assert (
        shared.call(ReminderNext(reminder=made.id, count=1)).occurrences[0].at == moved[0].next_at
    )
    shared.call(CalendarSet(name="listed", days=f"{YEAR}-01-01"))
    newer = CalendarRefresh(calendar="listed", days=f"{YEAR}-01-01\n{YEAR}-02-02")
    assert shared.call(newer).calendar == shared.call(CalendarShow(calendar="listed")).calendar
    for wrong, cure in [
        (CalendarRefresh(calendar="listed"), "refresh listed --days FILE"),
        (CalendarRefresh(calendar="listed", ics="x"), "refresh listed --days FILE"),
        (CalendarRefresh(calendar="saxony", days="x"), "refresh saxony;"),
    ]:
        with pytest.raises(WaremindError, match="cannot refresh") as refused:
            shared.call(wrong)
        assert cure in refused.value.hint


def test_a_calendar_that_is_kept_is_not_deleted(shared: Running) -> None:
    shared.call(CalendarSet(name="kept", days=f"{YEAR}-01-01"))
    made = shared.call(adding(**DAILY, off=["kept"])).reminder
    for check in (True, False):
        with pytest.raises(WaremindError, match=made.name) as refused:
            shared.call(CalendarDelete(calendar="kept", check=check))
        assert refused.value.code is ErrorCode.CONFLICT
    shared.call(ReminderEdit(reminder=made.id, off=[]))
    assert shared.call(CalendarDelete(calendar="kept", check=True)).changed
    assert shared.call(CalendarDelete(calendar="kept")).changed
    assert not shared.call(CalendarDelete(calendar="kept", missing_ok=True)).changed
    with pytest.raises(WaremindError, match="there is none"):
        shared.call(CalendarDelete(calendar="kept"))


@pytest.mark.parametrize(
    ("request_", "reason", "cure"),
    [
        ({"country": "XX"}, "holidays of 'XX' are not known", "known: AD, AE"),
        ({"country": "United States"}, "holidays of 'UNITED STATES'", "--country US"),
        ({"country": "DE", "subdivision": "XX"}, "no subdivision 'XX'", "BY"),
        ({}, "not said which days", "--country DE"),
        ({"days": "soon"}, "line 1: 'soon' is no day", "2026-12-24"),
        ({"days": "2026-12-24..2026-12-01"}, "ends before it begins", "2026-12-24"),
        ({"days": "# nothing"}, "there is no day", "2026-12-24"),
        ({"days": "1970-01-01..2199-01-01"}, "more than 20000 days", "past ones"),
        ({"ics": "hello"}, "it is no calendar that can be read", "export it anew"),
        ({"ics": "x" * 600_000}, "longer than 524288 bytes", "past events"),
    ],
)
def test_what_is_no_calendar_is_refused_with_its_cure(
    shared: Running, request_: dict[str, str], reason: str, cure: str
) -> None:
    with pytest.raises(WaremindError) as refused:
        shared.call(CalendarSet(name="wrong", **request_))
    assert refused.value.code is ErrorCode.INVALID_INPUT
    assert reason in refused.value.message
    assert cure in refused.value.hint


def test_a_calendar_that_is_none_is_not_found(shared: Running) -> None:
    with pytest.raises(WaremindError, match="there is none") as refused:
        shared.call(adding(**DAILY, off=["nothing"]))
    assert refused.value.code is ErrorCode.NOT_FOUND


# As programs write them: Google all-day, Outlook with a Windows zone, Apple yearly, Nextcloud's
# own override, Thunderbird's EXDATE.
ICS = """BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:-//Google Inc//Google Calendar 70.9054//EN\r
BEGIN:VEVENT\r
UID:a\r
SUMMARY:Two\r
 days\r
DTSTART;VALUE=DATE:20270510\r
DTEND;VALUE=DATE:20270512\r
TRANSP:TRANSPARENT\r
END:VEVENT\r
BEGIN:VEVENT\r
UID:b\r
SUMMARY:Outing\r
DTSTART;TZID="W. Europe Standard Time":20270601T090000\r
DTEND;TZID="W. Europe Standard Time":20270602T170000\r
END:VEVENT\r
BEGIN:VEVENT\r
UID:c\r
SUMMARY:Founded\r
DTSTART;VALUE=DATE:20200704\r
RRULE:FREQ=YEARLY;UNTIL=20290704\r
EXDATE;VALUE=DATE:20280704\r
END:VEVENT\r
BEGIN:VEVENT\r
UID:c\r
SUMMARY:Founded\\, later\r
RECURRENCE-ID;VALUE=DATE:20290704\r
DTSTART;VALUE=DATE:20290706\r
END:VEVENT\r
BEGIN:VEVENT\r
UID:d\r
SUMMARY:Off\r
STATUS:CANCELLED\r
DTSTART;VALUE=DATE:20270801\r
END:VEVENT\r
BEGIN:VEVENT\r
UID:e\r
SUMMARY:Week\r
DTSTART;VALUE=DATE:20270901\r
DURATION:P3D\r
RDATE;VALUE=DATE:20271001\r
END:VEVENT\r
END:VCALENDAR\r
"""


def test_the_events_of_a_file_cover_days() -> None:
    found = IcsDays(ICS.encode(), date(2027, 1, 1), date(2037, 12, 31)).answer()
    assert isinstance(found, FoundDays)
    assert {f"{day:%y%m%d}": name for day, name in found.days.items()} == {
        "270510": "Twodays",
        "270511": "Twodays",
        "270601": "Outing",
        "270602": "Outing",
        "270704": "Founded",
        "290706": "Founded, later",
        **{f"27{day}": "Week" for day in ("0901", "0902", "0903", "1001", "1002", "1003")},
    }
    assert found.ends_on == date(2029, 7, 6)


def event(*lines: str) -> bytes:
    whole = ("BEGIN:VCALENDAR", "VERSION:2.0", "BEGIN:VEVENT", "UID:x", *lines)
    return "\r\n".join([*whole, "END:VEVENT", "END:VCALENDAR", ""]).encode()


def test_an_event_without_end_covers_what_is_looked_at() -> None:
    yearly = event("DTSTART;VALUE=DATE:20200101", "RRULE:FREQ=YEARLY")
    found = IcsDays(yearly, date(2027, 1, 1), date(2030, 12, 31)).answer()
    assert isinstance(found, FoundDays)
    assert (len(found.days), found.ends_on) == (4, date(2030, 12, 31))


def test_a_rule_with_spaces_as_exchange_writes_it_covers_its_days() -> None:
    spaced = event("DTSTART;VALUE=DATE:20270104", "RRULE:FREQ=WEEKLY;COUNT=3;BYDAY=MO, TH")
    found = IcsDays(spaced, date(2027, 1, 1), date(2030, 12, 31)).answer()
    assert isinstance(found, FoundDays)
    assert sorted(found.days) == [date(2027, 1, 4), date(2027, 1, 7), date(2027, 1, 11)]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (event("DTSTART;VALUE=DATE:20270101", "DTEND;VALUE=DATE:99990101"), "more than 20000 days"),
        (event("DTSTART;VALUE=DATE:19000101", "RRULE:FREQ=DAILY"), "more than 20000 days"),
        (event("DTSTART;VALUE=DATE:20200101"), "no event in it covers a day"),
        (b"BEGIN:VEVENT\r\n" * 5_001, "more than 5000 events"),
        (event("DTSTART:nonsense"), "no"),
    ],
)
def test_hostile_files_are_refused(content: bytes, reason: str) -> None:
    begin = datetime.now(UTC)
    found = IcsDays(content, date(2027, 1, 1), date(2037, 12, 31)).answer()
    assert isinstance(found, NoDays)
    assert reason in found.reason
    assert datetime.now(UTC) - begin < timedelta(seconds=20)


def test_a_calendar_that_is_kept_and_ends_within_60_days_needs_somebody(shared: Running) -> None:
    today = datetime.now(UTC).date()
    near, far = (f"{today + timedelta(days=days)}" for days in (59, 61))
    shared.call(CalendarSet(name="near", days=near))
    shared.call(CalendarSet(name="far", days=far))

    def ending() -> list[str | None]:
        needs = shared.call(Status()).attention
        ending = [each for each in needs if each.code == "calendar_ends"]
        assert all(
            each.fix == f"waremind calendar refresh {each.name} --days FILE" for each in ending
        )
        return [each.name for each in ending if each.name in {"near", "far"}]

    assert ending() == []
    made = shared.call(adding(**DAILY, off=["near", "far"])).reminder
    assert ending() == ["near"]
    shared.call(CalendarSet(name="near", days=f"{near}\n{far}"))
    assert ending() == []
    shared.call(ReminderDelete(reminder=made.id))
