"""Questions for the worker about reminders as events of RFC 5545: read from a file, and written.

The library that knows is loaded in the worker only, and a hostile file costs its CPU limit.
"""

import warnings
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, takewhile
from typing import Any, cast
from zoneinfo import ZoneInfo

from waremind.daemon.rules.days import MOST_EVENTS, NoDays
from waremind.domain.exceptions import Exceptions
from waremind.domain.fields import filled
from waremind.domain.plan import Plan
from waremind.domain.plan_options import PlanOptions
from waremind.domain.planned import Planned
from waremind.domain.recurrence import Recurrence
from waremind.domain.rule_text import parse_rule
from waremind.domain.wall_time import is_ambiguous, wall_of
from waremind.errors import WaremindError

MOST_TAKEN = 500
MOST_RESULTS = 400
RESULTS_FOR = timedelta(days=366)
UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, RecursionError)


class _NotTakenError(Exception):
    """Why an event is no reminder."""


@dataclass(frozen=True, slots=True)
class FoundEvent:
    """An event as a reminder; times are naive and local to `zone`, `leads` are seconds."""

    name: str
    text: str
    zone: str
    start: datetime
    rrule: str | None = None
    excepted: tuple[datetime, ...] = ()
    also: tuple[datetime, ...] = ()
    moved: tuple[tuple[datetime, datetime], ...] = ()
    leads: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LeftEvent:
    """An event that is no reminder, and why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class IcsEvents:
    """The events of an ICS file.

    `zone` is that of times without one, and `all_day` when those fire that are days; None: untold.
    """

    content: bytes
    zone: str | None
    all_day: time | None
    alarms: bool
    cpu_seconds: float = 5.0

    def answer(self) -> tuple[FoundEvent | LeftEvent, ...] | NoDays:
        """List them in the file's order."""
        import icalendar  # noqa: PLC0415 - 80 ms, for those who ask

        if self.content.count(b"BEGIN:VEVENT") > MOST_EVENTS:
            return NoDays(f"it has more than {MOST_EVENTS} events", "leave out past ones")
        # Zones under a vendor's name are guessed, which is what is wanted.
        warnings.simplefilter("ignore")
        try:
            calendar: Any = icalendar.Calendar.from_ical(self.content)
            components: list[Any] = calendar.walk()
        except UNREADABLE as error:
            return NoDays(f"it is no calendar that can be read: {error}"[:300], "export it anew")
        changed: defaultdict[str, list[Any]] = defaultdict(list)
        for each in components:
            if each.name == "VEVENT" and "RECURRENCE-ID" in each:
                changed[str(each.get("UID"))].append(each)
        found = [
            self._event(each, changed.pop(str(each.get("UID")), []))
            for each in components
            if each.name == "VEVENT" and "RECURRENCE-ID" not in each
        ]
        found += [
            LeftEvent(_name(each), "its series is not in the file")
            for orphans in changed.values()
            for each in orphans
        ]
        found += [
            LeftEvent(_name(each), f"a {each.name} is no event")
            for each in components
            if each.name in {"VTODO", "VJOURNAL", "VFREEBUSY"}
        ]
        if not found:
            return NoDays("there is no event in it", "name another file")
        return tuple(found)

    def _event(self, event: Any, changed: Sequence[Any]) -> FoundEvent | LeftEvent:
        try:
            return self._found(event, changed)
        except _NotTakenError as error:
            return LeftEvent(_name(event), str(error))
        except WaremindError as error:
            return LeftEvent(_name(event), f"{error.message}; {error.hint}")
        except UNREADABLE as error:
            return LeftEvent(_name(event), f"it cannot be read: {error}"[:300])

    def _found(self, event: Any, changed: Sequence[Any]) -> FoundEvent:
        _check(event)
        zone = self._zone(event)
        start = self._wall(event["DTSTART"].dt, zone)
        rrule = event["RRULE"].to_ical().decode() if "RRULE" in event else None
        recurrence = Recurrence(parse_rule(rrule) if rrule else None, start, ZoneInfo(zone))
        also = set(self._times(event, "RDATE", start, zone))
        if rrule and Plan(recurrence).named(start) is None:
            also.add(start)  # an event begins with its DTSTART, whatever its rule says
        excepted = set(self._times(event, "EXDATE", start, zone))
        moved: dict[datetime, datetime] = {}
        notes: list[str] = []
        for each in changed:
            own = self._wall(each["RECURRENCE-ID"].dt, zone)
            if _is_cancelled(each):
                excepted.add(own)
                continue
            if (to := self._wall(each["DTSTART"].dt, zone)) != own:
                moved[own] = to
            if _text(each) != _text(event):
                notes.append(f"the text of {own:%Y-%m-%d %H:%M} alone is not taken")
        plan = Plan(recurrence, Exceptions(also=frozenset(also)))
        named = {own for own in {*excepted, *moved} if plan.named(own)}
        if lost := {*excepted, *moved} - named:
            notes.append(f"{len(lost)} exceptions name no occurrence: left out")
        return FoundEvent(
            name=_name(event),
            text=_text(event),
            zone=zone,
            start=start,
            rrule=rrule,
            excepted=tuple(sorted(excepted & named)),
            also=tuple(sorted(also)),
            moved=tuple(sorted((own, to) for own, to in moved.items() if own in named)),
            leads=tuple(sorted(set(_leads(event)))) if self.alarms else (),
            notes=tuple(notes),
        )

    def _zone(self, event: Any) -> str:
        """Name the zone of an event's own clock."""
        begin = event["DTSTART"]
        if not isinstance(begin.dt, datetime):
            return self._given_zone()
        if begin.dt.tzinfo is None:
            if tzid := begin.params.get("TZID"):
                raise _NotTakenError(f"its time zone {tzid!r} is not known")
            return self._given_zone()
        key: str | None = getattr(begin.dt.tzinfo, "key", None)
        if key is None and begin.dt.utcoffset():
            raise _NotTakenError(f"its time zone {begin.params.get('TZID')!r} is the file's own")
        if key is None or key == "UTC":
            is_series = "RRULE" in event or "RDATE" in event
            return "UTC" if is_series or self.zone is None else self.zone
        return key

    def _given_zone(self) -> str:
        if self.zone is None:
            raise _NotTakenError(
                "its time has no zone: give --tz, or set default_tz in config.toml"
            )
        return self.zone

    def _wall(self, when: date | datetime, zone: str) -> datetime:
        """Return what the zone's clock shows."""
        if not isinstance(when, datetime):
            if self.all_day is None:
                raise _NotTakenError("it is all day long: say when with --all-day 09:00")
            return datetime.combine(when, self.all_day)
        if when.tzinfo is None:
            return when
        if getattr(when.tzinfo, "key", None) == zone:
            return when.replace(tzinfo=None, fold=0)  # also what the clock skips
        return wall_of(when.astimezone(UTC), ZoneInfo(zone)).replace(fold=0)

    def _times(self, event: Any, name: str, start: datetime, zone: str) -> Iterator[datetime]:
        """Yield times that are listed; a day alone means the event's own time of it."""
        value: Any = event.get(name, [])
        entries: list[Any] = cast("list[Any]", value) if isinstance(value, list) else [value]
        for entry in entries:
            for each in entry.dts:
                # A period begins with its first value.
                when: Any = each.dt[0] if hasattr(each.dt, "__getitem__") else each.dt
                is_day = not isinstance(when, datetime)
                yield datetime.combine(when, start.time()) if is_day else self._wall(when, zone)


def _check(event: Any) -> None:
    """Refuse what no reminder can be."""
    if _is_cancelled(event):
        raise _NotTakenError("it is cancelled")
    if "DTSTART" not in event:
        raise _NotTakenError("it has no time (DTSTART)")
    if "EXRULE" in event or isinstance(event.get("RRULE"), list):
        raise _NotTakenError("it has more than one rule")


def _is_cancelled(event: Any) -> bool:
    return str(event.get("STATUS", "")).upper() == "CANCELLED"


def _name(event: Any) -> str:
    return " ".join(str(event.get("SUMMARY", "")).split())


def _text(event: Any) -> str:
    """Return what is sent: what describes the event, else its name."""
    return str(event.get("DESCRIPTION", "")).strip() or _name(event)


def _leads(event: Any) -> Iterator[int]:
    for alarm in event.walk("VALARM"):
        trigger: Any = alarm.get("TRIGGER")
        is_ahead = isinstance(getattr(trigger, "dt", None), timedelta) and trigger.dt < timedelta()
        if is_ahead and str(trigger.params.get("RELATED", "START")).upper() == "START":
            yield int(-trigger.dt.total_seconds())


@dataclass(frozen=True, slots=True)
class Exported:
    """A reminder that is to be written as an event."""

    id: str
    name: str
    text: str
    plan: Plan
    options: PlanOptions


@dataclass(frozen=True, slots=True)
class IcsOf:
    """The question for reminders as one ICS file."""

    reminders: tuple[Exported, ...]
    now: datetime
    cpu_seconds: float = 10.0

    def answer(self) -> tuple[str, tuple[LeftEvent, ...]]:
        """Return the file, and what is in it only as its results, or not at all."""
        import icalendar  # noqa: PLC0415 - 80 ms, for those who ask

        calendar: Any = icalendar.Calendar()
        calendar.add("prodid", "-//waremind//waremind//EN")
        calendar.add("version", "2.0")
        notes: list[LeftEvent] = []
        for each in self.reminders:
            plan = each.plan
            if plan.days_off or plan.quiet or plan.numbered:
                events = list(self._results(each))
                said = f"its next {len(events)} times, each by itself"
                notes.append(LeftEvent(each.name, said if events else "it does not fire any more"))
            else:
                events = list(self._said(each))
            for event in events:
                calendar.add_component(event)
        calendar.add_missing_timezones()
        return calendar.to_ical().decode(), tuple(notes)

    def _said(self, each: Exported) -> Iterator[Any]:
        """Yield what RFC 5545 can say: the series, and what of it was moved."""
        import icalendar  # noqa: PLC0415 - as above

        recurrence, exceptions, zone = each.plan.recurrence, each.plan.exceptions, each.plan.zone
        first = next(recurrence.occurrences(recurrence.starts_at, inclusive=True), None)
        if first is None:
            return
        event = self._event(each, each.text)
        if recurrence.rule is None and is_ambiguous(first.nominal, zone):
            event.add("dtstart", first.at)
        else:
            event.add("dtstart", first.nominal.replace(tzinfo=zone))
        if rule := recurrence.rule:
            rule = replace(rule, until=rule.ends_at(zone))
            event.add("rrule", icalendar.vRecur.from_ical(str(rule)))
        for name, times in (
            ("exdate", exceptions.excepted | exceptions.skipped),
            ("rdate", exceptions.also),
        ):
            if times:
                event.add(name, [own.replace(tzinfo=zone) for own in sorted(times)])
        yield event
        for own, to in sorted(exceptions.moved.items()):
            moved = self._event(each, each.text)
            moved.add("recurrence-id", own.replace(tzinfo=zone))
            moved.add("dtstart", to.replace(tzinfo=zone))
            yield moved

    def _results(self, each: Exported) -> Iterator[Any]:
        """Yield the next times at which it fires, each as an event."""
        plan, last = each.plan, self.now + RESULTS_FOR
        planned = takewhile(lambda one: one.at <= last, plan.occurrences(self.now))
        sent = (one for one in planned if one.fires and not one.lead)
        for number, one in enumerate(islice(sent, MOST_RESULTS), 1):
            text = filled(each.text, each.options, one, plan.zone, {}).text
            event = self._event(each, text, number)
            event.add("dtstart", _local(one, plan.zone))
            yield event

    def _event(self, each: Exported, text: str, number: int = 0) -> Any:
        import icalendar  # noqa: PLC0415 - as above

        event: Any = icalendar.Event()
        event.add("uid", f"{each.id}{f'-{number}' if number else ''}@waremind")
        event.add("dtstamp", self.now)
        event.add("summary", each.name)
        event.add("description", text)
        for lead in each.plan.leads:
            alarm: Any = icalendar.Alarm()
            alarm.add("action", "DISPLAY")
            alarm.add("description", each.name)
            alarm.add("trigger", -lead)
            event.add_component(alarm)
        return event


def _local(one: Planned, zone: ZoneInfo) -> datetime:
    """Return when it leaves, on the local clock where that shows it once."""
    wall = wall_of(one.at, zone).replace(microsecond=0)
    return one.at if is_ambiguous(wall, zone) else wall.replace(tzinfo=zone)
