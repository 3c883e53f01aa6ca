"""From `--at`, `--rrule`, `--cron`, `--on-calendar`, `--start` and `--tz` to when it fires."""

from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from waremind.daemon.rules.evaluator import RuleEvaluator
from waremind.domain.calendar_expression import parse_calendar_expression
from waremind.domain.crontab import parse_crontab
from waremind.domain.duration import format_duration
from waremind.domain.plan import Plan
from waremind.domain.planned import Planned
from waremind.domain.recurrence import Occurrence, Recurrence
from waremind.domain.recurrence_trial import Preview, Upcoming
from waremind.domain.rule_text import parse_rule
from waremind.domain.wall_time import (
    choose_zone,
    instant_of,
    parse_instant,
    parse_local,
    rfc3339,
    wall_of,
)
from waremind.errors import ErrorCode, WaremindError
from waremind.store.reminder_row import ReminderRow

SHOWN_NEXT = 3


@dataclass(frozen=True, slots=True)
class Timing:
    """Once at `at`, or by a rule from `start` on, a naive time local to `zone`."""

    rrule: str | None
    at: datetime | None
    start: datetime
    zone: str

    @property
    def recurrence(self) -> Recurrence:
        """When that is."""
        zone = ZoneInfo(self.zone)
        if self.at is not None:
            return Recurrence.once(self.at, zone)
        return Recurrence(parse_rule(self.rrule or ""), self.start, zone)


@dataclass(frozen=True, slots=True)
class When:
    """What an operator wrote; None: nothing."""

    at: str | None
    rrule: str | None
    crontab: str | None
    on_calendar: str | None
    start: str | None
    tz: str | None

    @property
    def flags(self) -> list[str]:
        """What says when it fires, of which there can be one."""
        given = {
            "--at": self.at,
            "--rrule": self.rrule,
            "--cron": self.crontab,
            "--on-calendar": self.on_calendar,
        }
        return [flag for flag, text in given.items() if text is not None]

    @property
    def rule(self) -> str | None:
        """The rule as an RRULE, however it is written. Raises WaremindError `invalid_input`."""
        if self.crontab is not None:
            return str(parse_crontab(self.crontab))
        if self.on_calendar is not None:
            return str(parse_calendar_expression(self.on_calendar))
        return self.rrule


def timing_of(row: ReminderRow) -> Timing:
    """Read a stored reminder's timing."""
    return Timing(row.rrule, row.at, row.start, row.zone)


def timing(when: When, default_zone: str | None, now: datetime) -> Timing:
    """Read the timing of a new reminder; what names whole times starts with the day of `now`.

    Raises WaremindError `invalid_input`.
    """
    _check_together(when)
    if when.rrule is not None and when.start is None:
        raise _refused("--rrule needs a start", "add: --start 2026-12-01T09:00")
    if not when.flags:
        raise _refused("neither --at nor --rrule is given", "add: --at 2026-12-01T09:00")
    zone = choose_zone(when.tz, default_zone)
    if (rule := when.rule) is None:
        return _once(parse_instant(when.at or "", zone), zone)
    if when.start is None:
        return _by_rule(rule, datetime.combine(wall_of(now, zone), time()), zone)
    return _by_rule(rule, parse_local(when.start), zone)


def found_so(new: Timing, old: Timing, when: When) -> Timing:
    """Keep the start of a rule that is there already, unless an operator gives one."""
    is_kept = when.start is None and new.rrule == old.rrule and old.start <= new.start
    return replace(new, start=old.start) if is_kept else new


def edited(old: Timing, when: When) -> Timing:
    """Change what is given; clocks keep what they show when the zone changes.

    Raises WaremindError `invalid_input`.
    """
    _check_together(when)
    zone = choose_zone(when.tz, old.zone)
    if when.at is not None:
        return _once(parse_instant(when.at, zone), zone)
    start = old.start if when.start is None else parse_local(when.start)
    rule = old.rrule if (given := when.rule) is None else given
    if rule is not None:
        return _by_rule(rule, start, zone)
    if when.start is not None:
        raise _refused("it fires once, without a rule", "change --at, or add --rrule")
    return _once(instant_of(old.start, zone), zone) if zone.key != old.zone else old


def _check_together(when: When) -> None:
    if len(when.flags) > 1:
        raise _refused(f"{' and '.join(when.flags)} exclude each other", "leave one of them out")
    if when.at is not None and when.start is not None:
        raise _refused("--start goes with --rrule, not with --at", "leave one of them out")


def _once(at: datetime, zone: ZoneInfo) -> Timing:
    return Timing(None, at, wall_of(at, zone).replace(fold=0), zone.key)


def _by_rule(rrule: str, start: datetime, zone: ZoneInfo) -> Timing:
    return Timing(str(parse_rule(rrule)), None, start, zone.key)


def _refused(reason: str, hint: str) -> WaremindError:
    message = f"cannot tell when the reminder fires: {reason}"
    return WaremindError(ErrorCode.INVALID_INPUT, message, hint=hint)


async def first_times(
    evaluator: RuleEvaluator, timing: Timing, plan: Plan, now: datetime, late_by: timedelta
) -> tuple[Planned, ...]:
    """List the first messages after now; one by `--at` may be late by `late_by`.

    Raises WaremindError `invalid_input` when there is none, or the rule costs too much.
    """
    if timing.at is None:
        return await evaluator.admit(Preview(plan, now, SHOWN_NEXT))
    if timing.at <= now - late_by:
        raise _past(timing, timing.at, late_by)
    if plan.is_bare:
        return (Planned.of(Occurrence(timing.at, timing.start)),)
    return await evaluator.admit(Preview(plan, min(now, timing.at), SHOWN_NEXT, inclusive=True))


def _past(timing: Timing, at: datetime, late_by: timedelta) -> WaremindError:
    when = rfc3339(at, ZoneInfo(timing.zone))
    grace = f" by more than the grace of {format_duration(late_by)}" if late_by else ""
    hint = "give a time that is to come; or send it now: waremind send"
    message = f"cannot use --at {when}: it is past{grace}"
    return WaremindError(ErrorCode.INVALID_INPUT, message, hint=hint)


async def next_times(evaluator: RuleEvaluator, row: ReminderRow, plan: Plan) -> tuple[Planned, ...]:
    """List what an active reminder waits for, and the next after it.

    Raises WaremindError `invalid_input` when its rule costs too much.
    """
    if row.due is None or row.state != "active" or row.too_slow_since is not None:
        return ()
    return await evaluator.first(Upcoming(plan, row.due, SHOWN_NEXT))
