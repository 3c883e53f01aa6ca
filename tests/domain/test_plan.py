"""What bends a rule: each way by itself, and all of them together, with the sentences."""

import itertools
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest

from waremind.domain.days_off import DaysOff, DaysOffCalendar, OnOff
from waremind.domain.exceptions import Exceptions
from waremind.domain.misfire import Misfire
from waremind.domain.plan import Plan, explained
from waremind.domain.planned import Planned, Position
from waremind.domain.quiet_hours import Lateness, QuietHours
from waremind.domain.recurrence import Recurrence
from waremind.domain.rule_text import parse_rule

moment = datetime.fromisoformat
BERLIN = ZoneInfo("Europe/Berlin")
FEASTS = DaysOffCalendar(
    "feasts",
    {
        date(2026, 12, 25): "Christmas Day",
        date(2026, 12, 26): "Boxing Day",
        date(2027, 1, 1): "New Year's Day",
        date(2027, 1, 6): "",
    },
    date(2027, 12, 31),
)
WEEKDAYS = frozenset(range(5))


def plan(rule: str, start: str, exceptions: Exceptions | None = None, **bent: object) -> Plan:
    recurrence = Recurrence(parse_rule(rule), moment(start), BERLIN)
    return Plan(recurrence, exceptions or Exceptions(), **bent)


def off(on_off: str, workdays: frozenset[int] = WEEKDAYS) -> DaysOff:
    return DaysOff(OnOff(on_off), (FEASTS,), workdays)


def told(plan: Plan, after: str, count: int) -> list[tuple[str, str, list[str]]]:
    """List local times, fates, and sentences."""
    return [line(one) for one in islice(plan.occurrences(moment(after)), count)]


def line(one: Planned) -> tuple[str, str, list[str]]:
    local = one.at.astimezone(BERLIN)
    return f"{local:%m-%d %H:%M}", one.fate.value, [note.text for note in explained(one, BERLIN)]


def fires(plan: Plan, after: str, count: int) -> list[str]:
    sent = (one for one in plan.occurrences(moment(after)) if one.fires)
    return [line(one)[0] for one in islice(sent, count)]


def test_a_bare_rule_is_planned_where_it_is() -> None:
    daily = plan("FREQ=DAILY;COUNT=3", "2026-12-01T09:00")
    found = list(daily.occurrences(moment("2026-11-01T00:00Z")))
    assert [(one.position.ordinal, one.fires, one.notes) for one in found] == [
        (1, True, ()),
        (2, True, ()),
        (3, True, ()),
    ]
    assert list(daily.going_on(found[1].position)) == found[1:]
    after = daily.occurrences(found[1].at, since=found[1].position)
    assert list(after) == found[2:]


def test_exceptions_are_named_by_their_own_time() -> None:
    exceptions = Exceptions(
        excepted=frozenset({moment("2026-12-02T09:00")}),
        also=frozenset({moment("2026-12-02T12:00"), moment("2026-12-01T09:00")}),
        skipped=frozenset({moment("2026-12-03T09:00")}),
        moved={moment("2026-12-04T09:00"): moment("2026-12-05T10:00")},
    )
    assert told(plan("FREQ=DAILY", "2026-12-01T09:00", exceptions), "2026-12-01T00:00Z", 6) == [
        ("12-01 09:00", "fires", []),
        ("12-02 09:00", "excepted", ["2026-12-02 09:00 is an exception"]),
        ("12-02 12:00", "fires", ["added by an operator"]),
        ("12-03 09:00", "by_operator", ["2026-12-03 09:00 was skipped by an operator"]),
        ("12-05 09:00", "fires", []),
        (
            "12-05 10:00",
            "fires",
            [
                "moved here by an operator from 2026-12-04 09:00",
                "comes after that of 2026-12-05 09:00, which it has let pass",
            ],
        ),
    ]


def test_what_is_moved_ahead_comes_before_what_it_overtakes() -> None:
    exceptions = Exceptions(moved={moment("2026-12-20T09:00"): moment("2026-12-02T08:00")})
    daily = plan("FREQ=DAILY", "2026-12-01T09:00", exceptions)
    assert fires(daily, "2026-12-01T09:00Z", 2) == ["12-02 08:00", "12-02 09:00"]
    assert told(daily, "2026-12-01T09:00Z", 2)[1][2] == []
    assert fires(daily, "2026-12-19T09:00Z", 1) == ["12-21 09:00"]


def test_a_lone_time_and_those_beside_it_are_planned() -> None:
    once = Recurrence.once(moment("2026-12-26T08:00Z"), BERLIN)
    also = Exceptions(also=frozenset({moment("2026-12-27T09:00")}))
    bent = Plan(once, also, off("after"))
    assert told(bent, "2026-12-01T00:00Z", 9) == [
        ("12-27 09:00", "fires", ["added by an operator"]),
        (
            "12-28 09:00",
            "fires",
            [
                "2026-12-26 09:00 falls on Boxing Day: the working day after it",
                "comes after that of 2026-12-27 09:00, which it has let pass",
            ],
        ),
    ]


def test_days_off_are_skipped_and_the_skipped_says_which_it_was() -> None:
    daily = plan("FREQ=DAILY", "2026-12-01T09:00", days_off=off("skip"))
    assert told(daily, "2026-12-24T00:00Z", 5) == [
        ("12-24 09:00", "fires", []),
        ("12-25 09:00", "day_off", ["2026-12-25 09:00 falls on Christmas Day: skipped"]),
        ("12-26 09:00", "day_off", ["2026-12-26 09:00 falls on Boxing Day: skipped"]),
        ("12-27 09:00", "day_off", ["2026-12-27 09:00 falls on a Sunday: skipped"]),
        ("12-28 09:00", "fires", []),
    ]


@pytest.mark.parametrize(
    ("on_off", "times"),
    [
        ("before", ["12-18 09:00", "12-24 09:00", "12-31 09:00", "01-08 09:00"]),
        ("after", ["12-18 09:00", "12-28 09:00", "01-04 09:00", "01-08 09:00"]),
    ],
)
def test_an_occurrence_moves_across_the_end_of_a_year(on_off: str, times: list[str]) -> None:
    weekly = plan("FREQ=WEEKLY;BYDAY=FR", "2026-12-04T09:00", days_off=off(on_off))
    assert fires(weekly, "2026-12-12T00:00Z", 4) == times
    for place, at in enumerate(times[1:], 1):
        assert (
            fires(
                weekly,
                f"2026-{at[:5]}T00:00Z" if at[0] == "1" else f"2027-{at[:5]}T00:00Z",
                len(times) - place,
            )
            == times[place:]
        )


@pytest.mark.parametrize(("on_off", "kept"), [("before", "12-24"), ("after", "12-28")])
def test_days_that_land_on_one_are_one_and_say_so(on_off: str, kept: str) -> None:
    daily = plan("FREQ=DAILY;BYHOUR=9,17", "2026-12-01T09:00", days_off=off(on_off))
    found = told(daily, "2026-12-24T00:00Z", 10)
    assert [at for at, fate, _ in found if fate == "fires"] == [
        *("12-24 09:00", "12-24 17:00", "12-28 09:00", "12-28 17:00")
    ]
    merged = [notes for _, fate, notes in found if fate == "merged"]
    assert len(merged) == 6
    assert merged[0] == [
        f"2026-12-25 09:00 falls on Christmas Day: on 2026-{kept} there is one already"
    ]


def test_of_days_off_in_a_row_the_first_one_moves_with_all_its_times() -> None:
    on_holidays = plan(
        "FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=25,26;BYHOUR=9,17",
        "2026-12-01T09:00",
        days_off=off("before", frozenset(range(7))),
    )
    assert [entry[:2] for entry in told(on_holidays, "2026-12-02T00:00Z", 4)] == [
        ("12-24 09:00", "fires"),
        ("12-24 17:00", "fires"),
        ("12-26 09:00", "merged"),
        ("12-26 17:00", "merged"),
    ]


def test_where_no_working_day_is_near_the_occurrence_says_so() -> None:
    days = {date(2026, 1, 1) + timedelta(days=n): "a holiday" for n in range(1_200)}
    leave = DaysOff(OnOff.AFTER, (DaysOffCalendar("leave", days, date(2030, 1, 1)),))
    yearly = plan("FREQ=YEARLY", "2026-12-01T09:00", days_off=leave)
    assert told(yearly, "2026-11-01T00:00Z", 1) == [
        (
            "12-01 09:00",
            "day_off",
            ["2026-12-01 09:00 falls on a holiday, and no working day is within a year after it"],
        )
    ]
    assert fires(yearly, "2028-11-01T00:00Z", 1) == ["04-15 09:00"]
    assert fires(yearly, "2029-06-01T00:00Z", 1) == ["12-01 09:00"]


def test_a_day_off_without_a_name_has_its_calendars() -> None:
    weekly = plan("FREQ=WEEKLY", "2026-12-30T09:00", days_off=off("skip"))
    assert told(weekly, "2027-01-05T00:00Z", 1)[0][2] == [
        "2027-01-06 09:00 falls on a day off of feasts: skipped"
    ]


def test_what_lies_beyond_the_end_of_a_calendar_is_said() -> None:
    weekly = plan("FREQ=WEEKLY", "2026-12-30T09:00", days_off=off("skip"))
    assert told(weekly, "2027-12-29T00:00Z", 2) == [
        ("12-29 09:00", "fires", []),
        (
            "01-05 09:00",
            "fires",
            ["calendar feasts ends on 2027-12-31: days off after it are not known"],
        ),
    ]


def test_leads_come_ahead_and_go_where_their_occurrence_goes() -> None:
    exceptions = Exceptions(skipped=frozenset({moment("2026-12-11T09:00")}))
    leads = (timedelta(days=1), timedelta(hours=1))
    weekly = plan("FREQ=WEEKLY", "2026-12-04T09:00", exceptions, days_off=off("after"), leads=leads)
    assert [(at, fate) for at, fate, _ in told(weekly, "2026-12-05T00:00Z", 7)] == [
        ("12-11 09:00", "by_operator"),
        ("12-17 09:00", "fires"),
        ("12-18 08:00", "fires"),
        ("12-18 09:00", "fires"),
        ("12-27 09:00", "fires"),
        ("12-28 08:00", "fires"),
        ("12-28 09:00", "fires"),
    ]
    assert told(weekly, "2026-12-27T00:00Z", 1)[0][2] == [
        "1d ahead of 2026-12-28 09:00",
        "2026-12-25 09:00 falls on Christmas Day: the working day after it",
    ]


@pytest.mark.parametrize(
    ("on_off", "last"),
    [
        ("skip", ("12-25 09:00", "day_off")),
        ("before", ("12-25 09:00", "merged")),
        ("after", ("12-28 09:00", "fires")),
    ],
)
def test_a_rule_that_ends_on_a_day_off_ends_where_that_goes(
    on_off: str, last: tuple[str, str]
) -> None:
    twice = plan("FREQ=DAILY;COUNT=2", "2026-12-24T09:00", days_off=off(on_off))
    assert [entry[:2] for entry in told(twice, "2026-12-01T00:00Z", 9)] == [
        ("12-24 09:00", "fires"),
        last,
    ]


def test_a_lead_counts_days_on_the_local_clock() -> None:
    monthly = plan("FREQ=MONTHLY", "2027-03-28T09:00", leads=(timedelta(days=1, hours=2),))
    assert fires(monthly, "2027-03-01T00:00Z", 2) == ["03-27 07:00", "03-28 09:00"]


def test_leads_leave_in_order_where_the_clock_is_put_forward() -> None:
    exceptions = Exceptions(skipped=frozenset({moment("2027-03-29T03:30")}))
    rule = "FREQ=MINUTELY;INTERVAL=30;COUNT=3"
    thrice = plan(rule, "2027-03-29T02:30", exceptions, leads=(timedelta(days=1),))
    # 2:30 does not exist on the day before: its message leaves at 3:30.
    assert fires(thrice, "2027-03-28T00:00Z", 4) == [
        "03-28 03:00",
        "03-28 03:30",
        "03-29 02:30",
        "03-29 03:00",
    ]


def test_no_lead_is_lost_with_the_day_that_a_date_line_takes() -> None:
    begin, apia = moment("2011-12-27T00:00Z"), ZoneInfo("Pacific/Apia")  # it had no 30 December
    leads = (timedelta(days=1), timedelta(days=2))
    daily = Recurrence(parse_rule("FREQ=DAILY;COUNT=8"), moment("2011-12-27T09:00"), apia)
    messages = list(Plan(daily, leads=leads).occurrences(begin))
    assert {one.nominal.day for one in messages if one.lead} == {28, 29, 30, 1, 2, 3, 4}
    for one, following in itertools.pairwise(one for one in messages if one.fires):
        going_on = Plan(daily, leads=leads).going_on(one.position)
        assert [each for each in going_on if each.fires][1] == following


def test_two_at_one_time_are_one() -> None:
    daily = plan("FREQ=DAILY", "2026-12-01T09:00", leads=(timedelta(days=1),))
    assert told(daily, "2026-12-01T00:00Z", 2) == [
        ("12-01 09:00", "fires", []),
        ("12-01 09:00", "merged", ["it stands for the one 1d ahead of 2026-12-02 09:00 too"]),
    ]
    onto_another = Exceptions(moved={moment("2026-12-02T09:00"): moment("2026-12-03T09:00")})
    moved = plan("FREQ=DAILY", "2026-12-01T09:00", onto_another)
    assert told(moved, "2026-12-02T00:00Z", 2) == [
        ("12-03 09:00", "fires", ["moved here by an operator from 2026-12-02 09:00"]),
        ("12-03 09:00", "merged", ["it stands for that of 2026-12-03 09:00 too"]),
    ]


NIGHT = "22:00-07:00"


@pytest.mark.parametrize(
    ("misfire", "times"),
    [
        ("skip", ["12-02 21:00", "12-03 09:00"]),
        ("once", ["12-02 07:00", "12-02 21:00", "12-03 07:00"]),
        ("all", ["12-02 07:00", "12-02 07:00", "12-02 21:00", "12-03 07:00"]),
    ],
)
def test_quiet_hours_are_judged_by_misfire_at_their_end(misfire: str, times: list[str]) -> None:
    rule = "FREQ=DAILY;BYHOUR=2,5,21" if misfire != "skip" else "FREQ=DAILY;BYHOUR=5,9,21"
    quiet = QuietHours.parse(NIGHT)
    lateness = Lateness(timedelta(minutes=10), Misfire(misfire))
    nightly = plan(rule, "2026-12-01T21:00", quiet=quiet, lateness=lateness)
    after = "2026-12-02T19:00Z" if misfire == "skip" else "2026-12-01T20:30Z"
    assert fires(nightly, after, len(times)) == times


def test_what_is_held_back_leaves_in_its_order_and_never_at_one_instant() -> None:
    lateness = Lateness(timedelta(), Misfire.ALL)
    hourly = plan(
        "FREQ=HOURLY", "2026-12-01T21:00", quiet=QuietHours.parse(NIGHT), lateness=lateness
    )
    found = list(islice(hourly.occurrences(moment("2026-12-01T20:30Z")), 11))
    assert [one.at - found[0].at for one in found[:10]] == [
        timedelta(microseconds=n) for n in range(10)
    ]
    assert line(found[9])[1:] == ("fires", ["right after those that were held back"])
    assert list(islice(hourly.going_on(found[3].position), 8)) == found[3:]


def test_within_the_grace_of_the_end_a_message_is_only_held_back() -> None:
    lateness = Lateness(timedelta(minutes=10), Misfire.ONCE)
    rule = "FREQ=DAILY;BYHOUR=5,6;BYMINUTE=55"
    night = plan(rule, "2026-12-01T00:00", quiet=QuietHours.parse(NIGHT), lateness=lateness)
    assert told(night, "2026-12-01T20:30Z", 2) == [
        (
            "12-02 07:00",
            "quiet",
            ["in quiet hours 22:00-07:00, late by 1h5m at their end: not sent (misfire once)"],
        ),
        ("12-02 07:00", "fires", ["held back by quiet hours 22:00-07:00"]),
    ]


def test_what_is_dropped_within_quiet_hours_stays_in_its_place() -> None:
    skipped = Exceptions(skipped=frozenset({moment("2026-12-02T05:00")}))
    lateness = Lateness(timedelta(), Misfire.ONCE)
    night = plan(
        "FREQ=DAILY;BYHOUR=3,5",
        "2026-12-01T00:00",
        skipped,
        quiet=QuietHours.parse(NIGHT),
        lateness=lateness,
    )
    assert [entry[:2] for entry in told(night, "2026-12-01T20:30Z", 2)] == [
        ("12-02 07:00", "fires"),
        ("12-02 05:00", "by_operator"),
    ]


def test_what_leaves_at_the_end_of_quiet_hours_is_seen_beside_what_does_not_fire_then() -> None:
    skipped = Exceptions(skipped=frozenset({moment("2026-12-02T07:00")}))
    night = plan(
        "FREQ=DAILY;BYHOUR=5,7,8",
        "2026-12-01T00:00",
        skipped,
        leads=(timedelta(hours=1),),
        quiet=QuietHours.parse(NIGHT),
        lateness=Lateness(timedelta(), Misfire.ONCE),
    )
    assert [entry[:2] for entry in told(night, "2026-12-01T20:30Z", 5)] == [
        ("12-02 07:00", "quiet"),
        ("12-02 07:00", "quiet"),
        ("12-02 07:00", "by_operator"),
        ("12-02 07:00", "fires"),
        ("12-02 08:00", "fires"),
    ]


def test_quiet_hours_that_nothing_follows_are_judged_too() -> None:
    last = plan("FREQ=DAILY;COUNT=1", "2026-12-01T23:00", quiet=QuietHours.parse(NIGHT))
    assert [entry[:2] for entry in told(last, "2026-12-01T00:00Z", 9)] == [("12-02 07:00", "quiet")]


def test_quiet_hours_in_which_nothing_falls_hold_nothing_back() -> None:
    lone = plan("FREQ=DAILY;COUNT=1", "2026-12-01T12:00", quiet=QuietHours.parse(NIGHT))
    found = list(lone.occurrences(moment("2026-12-01T11:00Z"), inclusive=True))
    assert [line(one) for one in found] == [("12-01 12:00", "fires", [])]


def test_a_clock_a_day_off_and_quiet_hours_each_say_their_part() -> None:
    day = DaysOffCalendar("one", {date(2027, 3, 29): "Easter Monday"}, date(2027, 12, 31))
    bent = plan(
        "FREQ=WEEKLY",
        "2027-03-01T02:30",
        days_off=DaysOff(OnOff.BEFORE, (day,)),
        quiet=QuietHours.parse("22:00-07:00"),
        lateness=Lateness(timedelta(hours=5), Misfire.SKIP),
    )
    assert told(bent, "2027-03-27T00:00Z", 1) == [
        (
            "03-28 07:00",
            "fires",
            [
                "2027-03-29 02:30 falls on Easter Monday: the working day before it",
                "2027-03-28 02:30 does not exist in Europe/Berlin: the clock goes forward by 1h",
                "held back by quiet hours 22:00-07:00",
            ],
        )
    ]


def test_what_was_moved_over_others_keeps_its_number_when_a_plan_goes_on() -> None:
    # 18 May goes to Monday the 12th, where there is one: that uses up no number.
    moved = {moment("2025-05-15T02:30"): moment("2025-05-26T16:53")}
    mondays = DaysOff(OnOff.BEFORE, (), frozenset({0}))
    bent = {"days_off": mondays, "quiet": QuietHours.parse("00:00-02:30"), "numbered": True}
    third = plan("FREQ=DAILY;INTERVAL=3", "2025-03-01T02:30", Exceptions(moved=moved), **bent)
    sent = [one for one in islice(third.occurrences(moment("2025-05-19T12:00Z")), 20) if one.fires]
    assert [f"{one.nominal:%m-%d}" for one in sent[:2]] == ["05-27", "05-15"]
    going_on = (one for one in third.going_on(sent[0].position) if one.fires)
    assert list(islice(going_on, 3)) == sent[:3]


def test_what_is_left_out_uses_up_no_number_unless_it_is_asked_to() -> None:
    skipped = Exceptions(skipped=frozenset({moment("2026-12-02T09:00")}))
    for counts, expected in ((False, [0, 1, 1, 2]), (True, [0, 1, 2, 3])):
        daily = plan("FREQ=DAILY", "2026-12-01T09:00", skipped, numbered=True, skipped_count=counts)
        found = list(islice(daily.occurrences(moment("2026-11-01T00:00Z")), 4))
        assert [one.number for one in found] == expected
        assert list(islice(daily.going_on(found[2].position), 2)) == found[2:]
        known = daily.occurrences(found[2].at, since=found[0].position)
        assert next(known).number == expected[3]


def test_numbers_begin_with_what_is_added_before_the_start() -> None:
    also = Exceptions(also=frozenset({moment("2026-11-30T09:00")}))
    daily = plan("FREQ=DAILY", "2026-12-01T09:00", also, numbered=True)
    assert [one.number for one in islice(daily.occurrences(moment("2026-12-04T00:00Z")), 2)] == [
        4,
        5,
    ]


def test_a_rule_with_count_goes_on_counting_from_what_is_stored() -> None:
    skipped = Exceptions(skipped=frozenset({moment("2026-12-02T09:00")}))
    three = plan("FREQ=DAILY;COUNT=3", "2026-12-01T09:00", skipped, leads=(timedelta(days=1),))
    found = list(three.occurrences(moment("2026-11-01T00:00Z")))
    assert [one.ordinal for one in found] == [1, 1, 2, 3, 3]
    for place, one in enumerate(found):
        assert list(three.going_on(one.position)) == found[place:]


def test_what_a_changed_plan_no_longer_has_fires_all_the_same_and_then_the_plan_goes_on() -> None:
    skipped = Exceptions(skipped=frozenset({moment("2026-12-02T09:00")}))
    stored = Position(moment("2026-12-03T10:00+01:00").astimezone(UTC), moment("2026-12-03T10:00"))
    rest = ["12-04 09:00", "12-05 09:00", "12-06 09:00", "12-07 09:00"]
    for rule, place, following in (("FREQ=DAILY", 0, rest), ("FREQ=DAILY;COUNT=3", 3, [])):
        changed = plan(rule, "2026-12-01T09:00", skipped, numbered=True)
        going_on = changed.going_on(stored._replace(ordinal=place, number=3))
        assert [line(one)[0] for one in islice(going_on, 5)] == ["12-03 10:00", *following]


def test_quiet_hours_that_were_set_later_hold_back_what_is_stored() -> None:
    stored = Position(moment("2026-12-03T08:00Z"), moment("2026-12-03T09:00"))
    lateness = Lateness(timedelta(hours=2), Misfire.SKIP)
    later = plan(
        "FREQ=DAILY", "2026-12-01T09:00", quiet=QuietHours.parse("08:00-10:00"), lateness=lateness
    )
    assert line(next(later.going_on(stored)))[0] == "12-03 10:00"


def test_what_was_held_back_by_quiet_hours_that_are_gone_leaves_when_it_was_promised() -> None:
    stored = Position(moment("2026-12-03T09:00Z"), moment("2026-12-03T09:00"))
    leads = plan("FREQ=DAILY", "2026-12-01T09:00", leads=(timedelta(hours=2),))
    going_on = leads.going_on(stored)
    assert [line(next(going_on))[0], line(next(going_on))[0]] == ["12-03 10:00", "12-04 07:00"]


def test_an_hourly_rule_tells_the_two_passes_of_the_clock_apart() -> None:
    hourly = plan("FREQ=HOURLY", "2026-10-24T00:30", leads=(timedelta(minutes=10),))
    found = list(islice(hourly.occurrences(moment("2026-10-25T00:00Z")), 6))
    assert [line(one)[0] for one in found] == [
        *("10-25 02:20", "10-25 02:30", "10-25 02:20", "10-25 02:30", "10-25 03:20", "10-25 03:30")
    ]
    for place, one in enumerate(found):
        stored = one.position._replace(nominal=one.nominal.replace(fold=0))
        going_on = islice(hourly.going_on(stored), 6 - place)
        assert [each.at for each in going_on] == [each.at for each in found[place:]]


def test_an_hourly_rule_keeps_its_numbers_in_the_hour_that_comes_twice() -> None:
    hourly = plan(
        "FREQ=HOURLY;UNTIL=20261025T050000Z",
        "2026-10-24T21:00",
        quiet=QuietHours.parse("00:00-02:15"),
        lateness=Lateness(timedelta(), Misfire.ALL),
        numbered=True,
    )
    found = list(hourly.occurrences(moment("2026-10-24T20:30Z")))
    assert [line(one)[0] for one in found[1:6]] == [
        *3 * ["10-25 02:15"],
        "10-25 02:15",
        "10-25 03:00",
    ]
    assert [one.number for one in found] == list(range(2, 11))
    for place, one in enumerate(found):
        stored = one.position._replace(nominal=one.nominal.replace(fold=0))
        assert list(hourly.going_on(stored)) == found[place:]
        assert list(hourly.occurrences(one.at, since=stored)) == found[place + 1 :]


def test_what_was_moved_across_an_instant_is_found_from_there() -> None:
    moved = Exceptions(moved={moment("2026-12-04T09:00"): moment("2026-12-20T10:00")})
    daily = plan("FREQ=DAILY", "2026-12-01T09:00", moved, numbered=True)
    before = next(daily.occurrences(moment("2026-12-18T12:00Z"))).position
    going_on = [(line(one)[0], one.number) for one in islice(daily.going_on(before), 3)]
    assert going_on == [("12-19 09:00", 18), ("12-20 09:00", 19), ("12-20 10:00", 3)]


def test_a_rule_that_has_ended_does_not_go_on_for_what_was_added_to_it() -> None:
    also = Exceptions(also=frozenset({moment("2026-12-20T09:00")}))
    three = plan("FREQ=DAILY;COUNT=3", "2026-12-01T09:00", also)
    (last,) = three.occurrences(moment("2026-12-10T00:00Z"))
    assert list(three.going_on(last.position)) == [last]


def test_what_is_added_beside_the_last_ones_of_a_rule_lets_them_come() -> None:
    also = Exceptions(also=frozenset({moment("2026-12-02T12:00")}))
    three = plan("FREQ=DAILY;COUNT=3", "2026-12-01T09:00", also)
    found = list(three.occurrences(moment("2026-11-10T00:00Z")))
    lost = found[-1].position._replace(
        at=moment("2026-12-09T08:00Z"), nominal=moment("2026-12-09T09:00")
    )
    assert [list(three.going_on(one.position)) for one in found] == [found[n:] for n in range(4)]
    assert [one.nominal for one in three.going_on(lost)] == [lost.nominal]
