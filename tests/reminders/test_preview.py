"""`reminder next`: exactly what will fire, and why then."""

from __future__ import annotations

from reminders.running import Running
from reminders.samples import LATER, YEAR, a_name, adding, ago, last_sunday

from waremind.requests.reminder import (
    ReminderAdd,
    ReminderNext,
    ReminderPause,
    ReminderShow,
)

DAILY = {"rrule": "FREQ=DAILY", "start": LATER}


def times(daemon: Running, **fields: object) -> list[str]:
    return [one.at for one in daemon.call(ReminderNext(**fields)).occurrences]  # pyright: ignore[reportArgumentType] - whichever a test names


def days(*numbers: int) -> list[str]:
    return [f"{YEAR}-12-{number:02}T09:00:00+01:00" for number in numbers]


def test_a_reminder_lists_what_it_waits_for_and_goes_on(shared: Running) -> None:
    reminder = shared.call(adding(**DAILY)).reminder
    assert times(shared, reminder=reminder.name, count=3) == days(1, 2, 3)
    assert times(shared, reminder=reminder.id, count=1) == [reminder.next_at]
    assert len(times(shared, reminder=reminder.id)) == 10


def test_from_is_inclusive_and_may_lie_in_the_past(shared: Running) -> None:
    name = shared.call(adding(**DAILY)).reminder.name
    assert times(shared, reminder=name, from_=f"{YEAR}-12-05T09:00", count=2) == days(5, 6)
    assert times(shared, reminder=name, from_=f"{YEAR}-12-05T08:00:01Z", count=1) == days(6)
    old = shared.call(adding(rrule="FREQ=DAILY", start="2020-01-01T09:00")).reminder.name
    assert times(shared, reminder=old, from_="2020-01-01T09:00", count=2) == [
        "2020-01-01T09:00:00+01:00",
        "2020-01-02T09:00:00+01:00",
    ]


def test_a_rule_needs_no_reminder(shared: Running) -> None:
    listed = times(shared, **DAILY, tz="Asia/Jakarta", count=2)
    assert listed == [f"{YEAR}-12-0{day}T09:00:00+07:00" for day in (1, 2)]
    past = times(
        shared, rrule="FREQ=DAILY;COUNT=3", start="2020-01-01T09:00", from_="2020-01-02T00:00"
    )
    assert past == ["2020-01-02T09:00:00+01:00", "2020-01-03T09:00:00+01:00"]


def test_count_goes_on_from_what_has_fired(shared: Running) -> None:
    name = shared.call(adding(rrule="FREQ=DAILY;COUNT=4", start=LATER)).reminder.name
    shared.sql(
        "UPDATE reminders SET next_ordinal = 3, next_at = next_at + interval '2 days',"
        " fires_at = next_at + interval '2 days',"
        " next_nominal = next_nominal + interval '2 days' WHERE name = %s",
        name,
    )
    assert times(shared, reminder=name) == days(3, 4)
    assert times(shared, reminder=name, from_=f"{YEAR}-12-02T00:00") == days(2, 3, 4)
    assert times(shared, reminder=name, from_=f"{YEAR}-12-04T00:00") == days(4)


def test_explain_names_gap_and_fold(shared: Running) -> None:
    gap, fold = last_sunday(3), last_sunday(10)
    for day, offset, word in ((gap, "+02:00", "does not exist"), (fold, "+02:00", "comes twice")):
        request = ReminderNext(
            rrule="FREQ=DAILY", start=f"{day}T02:30", tz="Europe/Berlin", count=2, explain=True
        )
        first, second = shared.call(request).occurrences
        assert first.at.endswith(offset)
        assert word in (first.note or "")
        assert second.note is None


def test_explain_names_the_months_that_have_no_such_day(shared: Running) -> None:
    request = ReminderNext(
        rrule="FREQ=MONTHLY", start=f"{YEAR}-01-31T09:00", from_=f"{YEAR}-01-01T00:00", count=3
    )
    assert [one.note for one in shared.call(request).occurrences] == [None] * 3
    explained = ReminderNext(
        rrule="FREQ=MONTHLY",
        start=f"{YEAR}-01-31T09:00",
        from_=f"{YEAR}-01-01T00:00",
        count=3,
        explain=True,
    )
    january, march, may = shared.call(explained).occurrences
    assert january.note is None
    assert march.note == f"February {YEAR} has no 31st"
    assert may.note == f"April {YEAR} has no 31st"


def test_a_paused_reminder_says_that_it_does_not_fire(shared: Running) -> None:
    name = shared.call(adding(**DAILY)).reminder.name
    shared.call(ReminderPause(reminder=name))
    listed = shared.call(ReminderNext(reminder=name, count=2)).occurrences
    assert [one.at for one in listed] == days(1, 2)
    assert all("paused" in (one.note or "") for one in listed)


def test_what_has_finished_lists_nothing(shared: Running) -> None:
    asked: ReminderAdd = adding(name=a_name(), at=ago(seconds=5))
    shared.call(asked)
    name = asked.name
    shared.until(lambda: shared.call(ReminderShow(reminder=name)).reminder.state == "finished")
    assert times(shared, reminder=name) == []


def test_a_thousand_times_are_listed_within_the_limit(shared: Running) -> None:
    for rule in ("FREQ=MONTHLY;BYDAY=-1FR", "FREQ=HOURLY", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29"):
        request = ReminderNext(rrule=rule, start="2020-01-01T09:00", count=1000)
        listed = shared.call(request).occurrences
        assert [one.at for one in listed] == sorted({one.at for one in listed})
        assert len(listed) > 40
