"""When reminders fire: gaps, folds, ends of months, and going on from a store."""

from datetime import datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest

from waremind.domain.recurrence import Occurrence, Recurrence
from waremind.domain.rule_text import parse_rule
from waremind.domain.wall_time import rfc3339

moment = datetime.fromisoformat


def recurring(rule: str, start: str, zone: str = "Europe/Berlin") -> Recurrence:
    return Recurrence(parse_rule(rule), moment(start), ZoneInfo(zone))


def times(recurrence: Recurrence, after: str, count: int) -> list[str]:
    """Return the next local times, with their offsets where they are not Berlin's in winter."""
    found = islice(recurrence.occurrences(moment(after), inclusive=True), count)
    return [rfc3339(at, recurrence.zone)[:16] for at, *_ in found]


def offsets(recurrence: Recurrence, after: str, count: int) -> list[str]:
    found = islice(recurrence.occurrences(moment(after), inclusive=True), count)
    return [rfc3339(at, recurrence.zone)[11:] for at, *_ in found]


def test_a_time_in_a_gap_moves_forward_by_the_gap_on_that_day_only() -> None:
    daily = recurring("FREQ=DAILY", "2026-01-01T02:30")
    assert times(daily, "2026-03-28T00:00Z", 3) == [
        "2026-03-28T02:30",
        "2026-03-29T03:30",
        "2026-03-30T02:30",
    ]


def test_a_time_in_a_fold_fires_the_first_time_only() -> None:
    daily = recurring("FREQ=DAILY", "2026-01-01T02:30")
    assert offsets(daily, "2026-10-24T12:00Z", 2) == ["02:30:00+02:00", "02:30:00+01:00"]


def test_two_times_that_a_gap_moves_onto_one_instant_fire_once() -> None:
    daily = recurring("FREQ=DAILY;BYHOUR=2,3;BYMINUTE=0,30", "2026-01-01T00:00")
    assert times(daily, "2026-03-29T00:00Z", 3) == [
        "2026-03-29T03:00",
        "2026-03-29T03:30",
        "2026-03-30T02:00",
    ]


def test_a_time_that_a_gap_moves_past_a_later_one_fires_after_it() -> None:
    daily = recurring(
        "FREQ=DAILY;BYHOUR=2;BYMINUTE=20,30", "2026-01-01T00:00", "Australia/Lord_Howe"
    )
    assert times(daily, "2026-10-03T12:00Z", 3) == [
        "2026-10-04T02:30",
        "2026-10-04T02:50",
        "2026-10-05T02:20",
    ]


def test_a_day_that_a_zone_leaves_out_does_not_fire_twice_on_the_next() -> None:
    daily = recurring("FREQ=DAILY", "2011-12-01T09:00", "Pacific/Apia")
    assert times(daily, "2011-12-29T12:00Z", 3) == [
        "2011-12-29T09:00",
        "2011-12-31T09:00",
        "2012-01-01T09:00",
    ]


def test_a_start_in_a_gap_is_the_first_occurrence_and_none_is_before_it() -> None:
    counted = recurring("FREQ=DAILY;BYHOUR=2,3;BYMINUTE=0,30;COUNT=2", "2026-03-29T02:30")
    endless = recurring("FREQ=DAILY;BYHOUR=2,3;BYMINUTE=0,30", "2026-03-29T02:30")
    expected = ["2026-03-29T03:30", "2026-03-30T02:00"]
    assert times(counted, "2026-01-01T00:00Z", 2) == expected
    assert times(endless, "2026-01-01T00:00Z", 2) == expected


def test_hourly_fires_each_real_hour_of_a_fold() -> None:
    hourly = recurring("FREQ=HOURLY", "2026-01-01T00:15")
    assert offsets(hourly, "2026-10-24T23:00Z", 4) == [
        "01:15:00+02:00",
        "02:15:00+02:00",
        "02:15:00+01:00",
        "03:15:00+01:00",
    ]


def test_hourly_loses_no_real_hour_over_a_gap() -> None:
    hourly = recurring("FREQ=HOURLY;INTERVAL=2", "2026-03-28T23:00")
    assert times(hourly, "2026-03-28T22:00Z", 3) == [
        "2026-03-28T23:00",
        "2026-03-29T01:00",
        "2026-03-29T04:00",
    ]


def test_an_hour_named_by_byhour_fires_as_often_as_the_clock_shows_it() -> None:
    named = recurring("FREQ=HOURLY;BYHOUR=2", "2026-01-01T00:00")
    assert offsets(named, "2026-10-25T00:00Z", 2) == ["02:00:00+02:00", "02:00:00+01:00"]
    assert times(named, "2026-03-28T12:00Z", 1) == ["2026-03-30T02:00"]


def test_minutes_are_read_off_a_clock_that_changes_by_half_an_hour() -> None:
    hourly = recurring("FREQ=HOURLY;BYMINUTE=40", "2026-01-01T00:00", "Australia/Lord_Howe")
    assert times(hourly, "2026-10-03T14:00Z", 4) == [
        "2026-10-04T00:40",
        "2026-10-04T01:40",
        "2026-10-04T02:40",
        "2026-10-04T03:40",
    ]


def test_a_day_that_ends_twice_is_stepped_through() -> None:
    # Until 2011 the clocks of St. John's went from one minute past midnight back to 23:01.
    saturdays = recurring(
        "FREQ=MINUTELY;BYDAY=SA;BYMINUTE=0,30,59", "2009-10-01T00:00", "America/St_Johns"
    )
    assert times(saturdays, "2009-11-01T02:29Z", 4) == [
        "2009-10-31T23:59",
        "2009-10-31T23:30",
        "2009-10-31T23:59",
        "2009-11-07T00:00",
    ]


@pytest.mark.parametrize(
    ("rule", "start", "expected"),
    [
        ("FREQ=MONTHLY", "2026-10-31T09:00", ["10-31", "12-31", "01-31", "03-31"]),
        ("FREQ=MONTHLY;INTERVAL=3", "2026-01-31T09:00", ["10-31", "01-31", "07-31", "10-31"]),
        ("FREQ=MONTHLY;BYDAY=-1FR", "2026-01-01T09:00", ["10-30", "11-27", "12-25", "01-29"]),
        ("FREQ=MONTHLY;BYDAY=MO,1SU", "2026-01-01T09:00", ["10-04", "10-05", "10-12", "10-19"]),
        ("FREQ=YEARLY", "2024-02-29T09:00", ["02-29", "02-29"]),
        ("FREQ=YEARLY;BYMONTH=11", "2024-10-07T09:00", ["11-07", "11-07"]),
        ("FREQ=YEARLY;BYDAY=MO,-1SU", "2024-01-01T09:00", ["10-05", "10-12", "10-19"]),
        ("FREQ=WEEKLY", "2026-10-01T09:00", ["10-01", "10-08", "10-15"]),
        (
            "FREQ=WEEKLY;BYDAY=MO,TU,WE;BYSETPOS=1,-1",
            "2026-10-06T09:00",
            ["10-07", "10-12", "10-14"],
        ),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU", "1997-08-05T09:00", ["10-06", "10-11", "10-20"]),
        (
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=SU",
            "1997-08-05T09:00",
            ["10-04", "10-06", "10-18"],
        ),
        ("FREQ=YEARLY;BYWEEKNO=53", "2026-10-05T09:00", ["12-28", "12-27", "12-28"]),
        ("FREQ=YEARLY;BYWEEKNO=-1;BYMONTHDAY=31", "2026-10-05T09:00", ["12-31", "12-31"]),
        ("FREQ=YEARLY;BYYEARDAY=-1", "2026-10-05T09:00", ["12-31", "12-31"]),
        ("FREQ=HOURLY;BYYEARDAY=-1;BYHOUR=3", "2026-10-05T09:00", ["12-31", "12-31"]),
        ("FREQ=HOURLY;INTERVAL=24;BYMONTHDAY=-1", "2026-10-05T09:00", ["10-31", "11-30"]),
        ("FREQ=HOURLY;INTERVAL=24;BYMONTH=1,2", "2026-10-05T09:00", ["01-01", "01-02"]),
    ],
)
def test_days_are_those_of_rfc_5545(rule: str, start: str, expected: list[str]) -> None:
    found = times(recurring(rule, start), "2026-10-01T00:00Z", len(expected))
    assert [time[5:10] for time in found] == expected


def test_bysetpos_picks_times_of_a_period() -> None:
    monthly = recurring("FREQ=MONTHLY;BYDAY=SU;BYHOUR=8,20;BYSETPOS=2,-1,99", "2026-01-01T00:00")
    assert times(monthly, "2026-10-01T00:00Z", 2) == ["2026-10-04T20:00", "2026-10-25T20:00"]
    hourly = recurring("FREQ=HOURLY;BYMINUTE=5,10,15;BYSETPOS=1,-1", "2026-10-01T09:00")
    assert times(hourly, "2026-10-01T00:00Z", 3) == [
        "2026-10-01T09:05",
        "2026-10-01T09:15",
        "2026-10-01T10:05",
    ]


def test_seconds_are_expanded_in_each_minute() -> None:
    minutely = recurring("FREQ=MINUTELY;BYSECOND=10,40", "2026-10-01T09:00:20")
    found = islice(minutely.occurrences(moment("2026-10-01T00:00Z")), 3)
    assert [f"{o.nominal:%M:%S}" for o in found] == ["00:40", "01:10", "01:40"]


@pytest.mark.parametrize(
    ("until", "expected"),
    [
        ("20261003", ["2026-10-02T23:30", "2026-10-03T23:30"]),
        ("20261003T233000", ["2026-10-02T23:30", "2026-10-03T23:30"]),
        ("20261003T232959", ["2026-10-02T23:30"]),
        ("20261003T213000Z", ["2026-10-02T23:30", "2026-10-03T23:30"]),
        ("20261003T212959Z", ["2026-10-02T23:30"]),
    ],
)
def test_until_is_inclusive_and_a_date_is_the_whole_local_day(
    until: str, expected: list[str]
) -> None:
    daily = recurring(f"FREQ=DAILY;UNTIL={until}", "2026-10-02T23:30")
    assert times(daily, "2026-10-01T00:00Z", 9) == expected


def test_until_in_a_fold_lets_both_hours_fire() -> None:
    hourly = recurring("FREQ=HOURLY;UNTIL=20261025T023000", "2026-10-25T02:00")
    assert offsets(hourly, "2026-10-01T00:00Z", 9) == ["02:00:00+02:00", "02:00:00+01:00"]


def test_count_counts_what_fires_and_goes_on_from_a_known_occurrence() -> None:
    thrice = recurring("FREQ=DAILY;BYHOUR=2,3;COUNT=3", "2026-03-29T00:00")
    found = list(thrice.occurrences(moment("2026-01-01T00:00Z")))
    assert [(f"{o.nominal:%d %H}", o.ordinal) for o in found] == [
        ("29 02", 1),
        ("30 02", 2),
        ("30 03", 3),
    ]
    after = found[1].at - timedelta(seconds=1)
    assert list(thrice.occurrences(after, since=found[1])) == found[1:]
    assert list(thrice.occurrences(found[1].at, since=found[1])) == found[2:]
    assert list(thrice.occurrences(found[1].at, inclusive=True, since=found[1])) == found[1:]
    assert list(thrice.following(found[2])) == []


def test_after_is_strict_and_from_is_inclusive() -> None:
    daily = recurring("FREQ=DAILY", "2026-10-01T09:00")
    at = moment("2026-10-05T07:00Z")
    assert next(daily.occurrences(at)).at > at
    assert next(daily.occurrences(at, inclusive=True)).at == at


def test_a_single_reminder_fires_once() -> None:
    second_pass = moment("2026-10-25T02:30+01:00")
    once = Recurrence.once(second_pass, ZoneInfo("Europe/Berlin"))
    (found,) = once.occurrences(moment("2026-01-01T00:00Z"))
    assert found.at == second_pass
    from_store = found._replace(nominal=found.nominal.replace(fold=0))
    assert list(once.following(from_store)) == []
    assert list(once.occurrences(second_pass)) == []


def test_news_about_a_zone_neither_repeat_nor_skip_a_stored_occurrence() -> None:
    daily = recurring("FREQ=DAILY", "2026-10-01T09:00")
    nominal = moment("2026-10-05T09:00")
    for hours_off in (-1, 0, 1):
        at_then = moment("2026-10-05T07:00Z") + timedelta(hours=hours_off)
        following = next(daily.following(Occurrence(at_then, nominal)))
        assert following.nominal == moment("2026-10-06T09:00")


def test_nothing_is_computed_beyond_the_calendar() -> None:
    hours = "FREQ=HOURLY;INTERVAL=1000000"
    for rule in ("FREQ=YEARLY;INTERVAL=500", hours, f"{hours};BYMINUTE=0", "FREQ=YEARLY"):
        rare = recurring(rule, "2100-01-01T09:00")
        assert len(list(rare.occurrences(moment("2026-01-01T00:00Z")))) in {1, 100}
        assert list(rare.occurrences(moment("2199-12-01T00:00Z"))) == []


def test_a_rule_whose_day_never_comes_ends_with_the_calendar() -> None:
    no_leap_year = "FREQ=YEARLY;INTERVAL=1000;BYMONTH=2;BYMONTHDAY=29;BYSETPOS=1"
    never = recurring(no_leap_year, "2100-01-01T09:00")
    assert list(never.occurrences(moment("2026-01-01T00:00Z"))) == []


def test_a_rule_of_fifty_years_goes_on_at_once_and_in_step() -> None:
    old = recurring("FREQ=MINUTELY;INTERVAL=7", "1971-01-01T09:00")
    found = next(old.occurrences(moment("2026-10-01T00:00Z")))
    assert found.at - moment("2026-10-01T00:00Z") <= timedelta(minutes=7)
    assert not (found.at - old.starts_at) % timedelta(minutes=7)
