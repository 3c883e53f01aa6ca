"""Reminders as events of ICS files: those of several producers, hostile ones, there and back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice

import icalendar
import pytest
from reminders.running import Running
from reminders.samples import YEAR, adding

from waremind.daemon.rules.days import NoDays
from waremind.daemon.rules.events_read import FoundEvent, IcsEvents, LeftEvent
from waremind.errors import ErrorCode, WaremindError
from waremind.requests.ics import Imported, ReminderExport, ReminderImport
from waremind.requests.plan import ReminderMove, ReminderSkip
from waremind.requests.reminder import ReminderDelete, ReminderNext, ReminderShow

BERLIN = "Europe/Berlin"
moment = datetime.fromisoformat


def calendar(*lines: str) -> str:
    return "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", *lines, "END:VCALENDAR", ""])


def event(*lines: str) -> str:
    return calendar("BEGIN:VEVENT", "UID:x", "SUMMARY:An event", *lines, "END:VEVENT")


def read(ics: str, *, all_day: str = "09:00") -> FoundEvent | LeftEvent:
    clock = moment(f"2026-01-01T{all_day}").time() if all_day else None
    found = IcsEvents(ics.encode(), BERLIN, clock, alarms=True).answer()
    assert isinstance(found, tuple)
    return found[0]


# As their programs write them; made by us.
GOOGLE = event(
    "DTSTART;TZID=America/New_York:20270104T090000",
    "RRULE:FREQ=WEEKLY;WKST=SU;UNTIL=20270601T035959Z;BYDAY=MO,WE",
    "EXDATE;TZID=America/New_York:20270106T090000",
    "DESCRIPTION:Stand-up\\, now",
    "BEGIN:VALARM",
    "ACTION:DISPLAY",
    "TRIGGER:-P0DT0H30M0S",
    "END:VALARM",
)
OUTLOOK = event(
    'DTSTART;TZID="W. Europe Standard Time":20270104T090000',
    "RRULE:FREQ=MONTHLY;BYDAY=1MO",
    "X-MICROSOFT-CDO-BUSYSTATUS:BUSY",
)
EXCHANGE = event(
    'DTSTART;TZID="W. Europe Standard Time":20270104T090000',
    "RRULE:FREQ=WEEKLY;UNTIL=20270601T070000Z;INTERVAL=1;BYDAY=MO, TH;WKST=MO",
)
APPLE = calendar(
    *("BEGIN:VEVENT", "UID:a", "SUMMARY:Bins", "DTSTART;VALUE=DATE:20270105"),
    *("RRULE:FREQ=WEEKLY;INTERVAL=2", "X-APPLE-TRAVEL-ADVISORY-BEHAVIOR:AUTOMATIC", "END:VEVENT"),
)
NEXTCLOUD = calendar(
    *("BEGIN:VEVENT", "UID:n", "SUMMARY:Jour fixe", "DTSTART;TZID=Europe/Berlin:20270104T090000"),
    *("RRULE:FREQ=WEEKLY;COUNT=5", "END:VEVENT"),
    *(
        "BEGIN:VEVENT",
        "UID:n",
        "SUMMARY:Jour fixe",
        "RECURRENCE-ID;TZID=Europe/Berlin:20270111T090000",
    ),
    *("DTSTART;TZID=Europe/Berlin:20270112T100000", "END:VEVENT"),
    *("BEGIN:VEVENT", "UID:n", "STATUS:CANCELLED", "SUMMARY:Jour fixe"),
    *("RECURRENCE-ID:20270118T080000Z", "DTSTART:20270118T080000Z", "END:VEVENT"),
)
THUNDERBIRD = event(
    "DTSTART;TZID=/mozilla.org/20050126_1/Europe/Berlin:20270105T090000",
    "RRULE:FREQ=WEEKLY;BYDAY=MO",
    "RDATE;VALUE=PERIOD:20270203T080000Z/PT1H",
    "EXDATE;VALUE=DATE:20270111",
    "EXDATE:20300101T000000Z",
)


@pytest.mark.parametrize(
    ("ics", "found"),
    [
        (
            GOOGLE,
            FoundEvent(
                "An event",
                "Stand-up, now",
                "America/New_York",
                moment("2027-01-04T09:00"),
                "FREQ=WEEKLY;UNTIL=20270601T035959Z;BYDAY=MO,WE;WKST=SU",
                excepted=(moment("2027-01-06T09:00"),),
                leads=(1800,),
            ),
        ),
        (
            OUTLOOK,
            FoundEvent(
                *("An event", "An event", BERLIN, moment("2027-01-04T09:00")),
                rrule="FREQ=MONTHLY;BYDAY=1MO",
            ),
        ),
        (
            EXCHANGE,
            FoundEvent(
                *("An event", "An event", BERLIN, moment("2027-01-04T09:00")),
                rrule="FREQ=WEEKLY;UNTIL=20270601T070000Z;INTERVAL=1;BYDAY=MO, TH;WKST=MO",
            ),
        ),
        (
            APPLE,
            FoundEvent(
                *("Bins", "Bins", BERLIN, moment("2027-01-05T09:00")),
                rrule="FREQ=WEEKLY;INTERVAL=2",
            ),
        ),
        (
            NEXTCLOUD,
            FoundEvent(
                *("Jour fixe", "Jour fixe", BERLIN, moment("2027-01-04T09:00")),
                rrule="FREQ=WEEKLY;COUNT=5",
                excepted=(moment("2027-01-18T09:00"),),
                moved=((moment("2027-01-11T09:00"), moment("2027-01-12T10:00")),),
            ),
        ),
        (
            THUNDERBIRD,
            FoundEvent(
                *("An event", "An event", BERLIN, moment("2027-01-05T09:00")),
                rrule="FREQ=WEEKLY;BYDAY=MO",
                excepted=(moment("2027-01-11T09:00"),),
                also=(moment("2027-01-05T09:00"), moment("2027-02-03T09:00")),
                notes=("1 exceptions name no occurrence: left out",),
            ),
        ),
    ],
    ids=["google", "outlook", "exchange", "apple", "nextcloud", "thunderbird"],
)
def test_the_files_of_each_program_are_read(ics: str, found: FoundEvent) -> None:
    assert read(ics) == found


@pytest.mark.parametrize(
    ("ics", "reason"),
    [
        (event("DTSTART;VALUE=DATE:20270101"), "say when with --all-day 09:00"),
        (event("DTSTART;TZID=Moon/Crater:20270101T090000"), "zone 'Moon/Crater' is not known"),
        (event("STATUS:CANCELLED", "DTSTART:20270101T090000Z"), "it is cancelled"),
        (event("DURATION:PT1H"), "it has no time (DTSTART)"),
        (event("DTSTART:20270101T090000Z", "RRULE:FREQ=DAILY", "RRULE:FREQ=WEEKLY"), "one rule"),
        (event("DTSTART:20270101T090000Z", "EXRULE:FREQ=DAILY"), "more than one rule"),
        (event("DTSTART:20270101T090000Z", "RRULE:FREQ=SECONDLY"), "MINUTELY is the shortest"),
        (event("DTSTART:20270101T090000Z", "RRULE:FREQ=DAILY;BYSETPOS=1"), "BYSETPOS needs"),
        (
            event("DTSTART:20270101T090000Z", f"RRULE:FREQ=DAILY;BYHOUR={'1,' * 600}1"),
            "longer than 1000 characters",
        ),
        (
            event("DTSTART:20270101T090000Z", "RRULE:FREQ=WEEKLY;BYDAY=MO|WE"),
            "BYDAY has the character '|'",
        ),
        (calendar("BEGIN:VTODO", "SUMMARY:Do it", "END:VTODO"), "a VTODO is no event"),
        (event("RECURRENCE-ID:20270101T090000Z", "DTSTART:20270101T090000Z"), "series is not in"),
        (event("DTSTART:nonsense"), "it"),
    ],
)
def test_what_is_not_taken_says_why(ics: str, reason: str) -> None:
    found = read(ics, all_day="")
    assert isinstance(found, LeftEvent)
    assert reason in found.reason


def test_only_a_time_without_a_zone_needs_one() -> None:
    def zone_of(ics: str) -> str:
        found = IcsEvents(ics.encode(), None, None, alarms=True).answer()
        assert isinstance(found, tuple)
        return found[0].zone if isinstance(found[0], FoundEvent) else found[0].reason

    assert zone_of(GOOGLE) == "America/New_York"
    assert zone_of(event("DTSTART:20270104T090000Z")) == "UTC"
    cure = "its time has no zone: give --tz, or set default_tz in config.toml"
    assert zone_of(event("DTSTART:20270104T090000")) == cure
    assert zone_of(event("DTSTART;VALUE=DATE:20270104")) == cure


@pytest.mark.parametrize(
    ("ics", "reason"),
    [
        ("hello", "it is no calendar that can be read"),
        (calendar(), "there is no event in it"),
        ("BEGIN:VCALENDAR\r\n" + "BEGIN:VEVENT\r\n" * 5_001, "more than 5000 events"),
        ("BEGIN:VCALENDAR\r\n" + "BEGIN:X\r\n" * 20_000 + "END:X\r\n" * 20_000, "it"),
    ],
    ids=["none", "empty", "many", "deep"],
)
def test_hostile_files_are_refused(ics: str, reason: str) -> None:
    found = IcsEvents(ics.encode(), BERLIN, None, alarms=False).answer()
    assert isinstance(found, NoDays)
    assert reason in found.reason


def importing(ics: str, **fields: object) -> ReminderImport:
    return ReminderImport(ics=ics, account="ops", to=["Team"], **fields)


def test_events_become_reminders_once_and_what_is_not_taken_is_said(shared: Running) -> None:
    ics = calendar(
        *("BEGIN:VEVENT", "UID:1", "SUMMARY:Weekly", f"DTSTART;TZID={BERLIN}:{YEAR}0104T090000"),
        *("RRULE:FREQ=WEEKLY", "END:VEVENT"),
        *("BEGIN:VEVENT", "UID:2", "SUMMARY:Weekly", f"DTSTART:{YEAR}0601T090000Z", "END:VEVENT"),
        *("BEGIN:VEVENT", "UID:3", "SUMMARY:Past", "DTSTART:20200601T090000Z", "END:VEVENT"),
        *("BEGIN:VEVENT", "UID:4", f"DTSTART:{YEAR}0601T090000Z", "END:VEVENT"),
    )

    def told(result: Imported) -> tuple[bool, list[tuple[str, str]], list[str]]:
        taken = [(each.reminder, each.status) for each in result.reminders]
        return result.changed, taken, [each.name for each in result.not_taken]

    added = [("Weekly", "added"), ("Weekly 2", "added")]
    assert told(shared.call(importing(ics, check=True))) == (True, added, ["Past", ""])
    assert told(shared.call(importing(ics))) == (True, added, ["Past", ""])
    again = shared.call(importing(ics))
    assert told(again)[:2] == (False, [(name, "unchanged") for name, _ in added])
    assert "it is past" in again.not_taken[0].reason
    once = shared.call(ReminderShow(reminder="Weekly 2")).reminder
    assert (once.at, once.tz) == (f"{YEAR}-06-01T11:00:00+02:00", BERLIN)
    other = ics.replace("SUMMARY:Weekly", "DESCRIPTION:Other\r\nSUMMARY:Weekly")
    with pytest.raises(WaremindError, match=r"none of its \d events can be taken") as refused:
        shared.call(importing(other))
    assert refused.value.code is ErrorCode.INVALID_INPUT
    for name, _ in added:
        shared.call(ReminderDelete(reminder=name))


WRONG = [
    ("x" * 600_000, {}, "longer than 524288 bytes", "past events"),
    ("hello", {}, "no calendar that can be read", "export it anew"),
    (GOOGLE, {"all_day": "noon"}, "'noon' is no time of a day", "--all-day 09:00"),
    (GOOGLE, {"tz": "Moon/Crater"}, "not an IANA time zone", "Europe/Berlin"),
]


@pytest.mark.parametrize(("ics", "fields", "reason", "cure"), WRONG)
def test_what_cannot_be_imported_is_refused_with_its_cure(
    ics: str, fields: dict[str, str], reason: str, cure: str, shared: Running
) -> None:
    with pytest.raises(WaremindError) as refused:
        shared.call(importing(ics, **fields))
    assert refused.value.code is ErrorCode.INVALID_INPUT
    assert reason in refused.value.message
    assert cure in refused.value.hint


def times(daemon: Running, name: str) -> list[str]:
    return [one.at for one in daemon.call(ReminderNext(reminder=name, count=40)).occurrences]


def test_what_is_exported_comes_back_and_fires_at_the_same_times(shared: Running) -> None:
    rule = {"rrule": f"FREQ=WEEKLY;BYDAY=MO,TH;UNTIL={YEAR}1231", "start": f"{YEAR}-02-02T02:30"}
    made = shared.call(
        adding(
            **rule, tz=BERLIN, text="One\ntwo; three", also=[f"{YEAR}-03-03T03:00"], before=[3600]
        )
    ).reminder
    own = [
        one.recurrence_id
        for one in shared.call(ReminderNext(reminder=made.id, count=9)).occurrences
    ]
    shared.call(ReminderSkip(reminder=made.id))
    later = (moment(own[6] or "") + timedelta(hours=5)).isoformat()
    shared.call(ReminderMove(reminder=made.id, at=own[6] or "", to=later))
    told = shared.call(ReminderExport(reminders=[made.id]))
    assert told.left_out == []
    before = times(shared, made.id)
    shared.call(ReminderDelete(reminder=made.id))
    back = shared.call(importing(told.ics, alarms=True))
    assert [(each.reminder, each.status) for each in back.reminders] == [(made.name, "added")]
    assert times(shared, made.name) == before
    assert shared.call(ReminderShow(reminder=made.name)).reminder.text == "One\ntwo; three"


def test_what_an_event_cannot_say_is_exported_as_its_results(shared: Running) -> None:
    start = (datetime.now(UTC) + timedelta(days=1)).date().isoformat()
    rule = {"rrule": "FREQ=WEEKLY", "start": f"{start}T09:00", "tz": BERLIN}
    made = shared.call(adding(**rule, rotate=["Ana", "Ben"], fields=True, text="{turn}!")).reminder
    told = shared.call(ReminderExport(reminders=[made.id]))
    assert "times, each by itself" in told.left_out[0].reason
    events = icalendar.Calendar.from_ical(told.ics).walk("VEVENT")
    assert [str(each["DESCRIPTION"]) for each in islice(events, 3)] == ["Ana!", "Ben!", "Ana!"]
    at = [each["DTSTART"].dt.isoformat() for each in events]
    assert at[:40] == times(shared, made.id)


def test_what_no_event_has_is_left_out_of_a_file_and_said(shared: Running) -> None:
    made = shared.call(
        adding(
            text="hi",
            tz=BERLIN,
            misfire="once",
            mention_all=True,
            follow_up_seconds=7200,
            unless_read_percent=50,
        )
    ).reminder
    left = "not in the file: whom it mentions, its misfire rule (once), its follow-up"
    told = shared.cli("reminder", "export", "--ics", made.id).document
    assert told["left_out"] == [{"name": made.name, "reason": left}]


def test_the_command_line_writes_a_file_that_it_reads(shared: Running) -> None:
    made = shared.call(adding(text="hi", tz=BERLIN)).reminder
    exported = shared.cli("reminder", "export", "--ics", made.id)
    assert exported.code == 0
    file = exported.document["ics"].encode()
    target = ("reminder", "import", "-", "--account", "ops", "--to", "Team", "--check")
    assert shared.cli(*target, stdin=file).code == 0  # it is there already
    shared.call(ReminderDelete(reminder=made.id))
    assert shared.cli(*target, stdin=file).code == 10
    assert shared.cli("reminder", "export", made.id).code == 2
    endless = b"BEGIN:VEVENT\r\nEND:VEVENT\r\n" * 100_000
    refused = shared.cli(*target, stdin=endless)
    assert refused.code == 2
    assert "it is longer than" in refused.err
