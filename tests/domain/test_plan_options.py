"""From what is stored of a plan to the plan itself."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from waremind.domain.days_off import DaysOffCalendar, OnOff
from waremind.domain.misfire import Misfire
from waremind.domain.plan import Plan
from waremind.domain.plan_options import BARE, NEVER_QUIET, PlanOptions
from waremind.domain.quiet_hours import Lateness, QuietHours
from waremind.domain.recurrence import Recurrence
from waremind.domain.recurrence_trial import MOST_IN_VAIN, Named, Preview
from waremind.domain.rule_text import parse_rule

moment = datetime.fromisoformat
DAILY = Recurrence(parse_rule("FREQ=DAILY"), moment("2026-12-01T09:00"), ZoneInfo("Europe/Berlin"))
NIGHT = QuietHours.parse("22:00-07:00")
LATENESS = Lateness(timedelta(minutes=10), Misfire.SKIP)


def plan(options: PlanOptions, *calendars: DaysOffCalendar) -> Plan:
    return options.plan(DAILY, calendars, NIGHT, LATENESS)


def test_the_quiet_hours_of_all_hold_where_a_reminder_has_none_of_its_own() -> None:
    assert plan(BARE).quiet == NIGHT
    assert plan(PlanOptions(quiet="12:00-13:00")).quiet == QuietHours.parse("12:00-13:00")
    assert plan(PlanOptions(quiet=NEVER_QUIET)).is_bare


def test_all_that_is_stored_bends_the_plan() -> None:
    days = DaysOffCalendar("feasts", {date(2026, 12, 25): "Christmas Day"}, date(2026, 12, 31))
    options = PlanOptions(
        excepted=(moment("2026-12-02T09:00"),),
        moved=((moment("2026-12-03T09:00"), moment("2026-12-03T10:00")),),
        on_off=OnOff.BEFORE,
        workdays=(0, 1),
        leads=(3_600,),
        rotate=("Ana", "Ben"),
        rotate_skipped=True,
    )
    assert msgspec.json.decode(msgspec.json.encode(options), type=PlanOptions) == options
    bent = plan(options, days)
    assert bent.days_off is not None
    assert (bent.days_off.on_off, bent.days_off.workdays) == (OnOff.BEFORE, frozenset({0, 1}))
    assert (bent.days_off.calendars, bent.leads) == ((days,), (timedelta(hours=1),))
    assert (bent.numbered, bent.skipped_count) == (True, True)
    assert dict(bent.exceptions.moved) == dict(options.moved)


def test_an_occurrence_is_found_by_its_own_time_wherever_it_is() -> None:
    moved = PlanOptions(moved=((moment("2026-12-03T09:00"), moment("2026-12-03T10:00")),))
    times = tuple(moment(f"2026-12-03T{hour}:00") for hour in ("09", "10"))
    found, none = Named(plan(moved), times).answer()
    assert found is not None
    assert found.nominal == times[0]
    assert none is None


def test_what_sends_nothing_is_not_looked_at_without_end() -> None:
    never = PlanOptions(quiet="08:00-10:00")
    found = Preview(plan(never), moment("2026-12-01T00:00Z"), 3).answer()
    assert len(found) == MOST_IN_VAIN
