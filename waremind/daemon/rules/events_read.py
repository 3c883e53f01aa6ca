"""The worker's question for reminders as events of RFC 5545, read from a file.

The library that knows is loaded in the worker only, and a hostile file costs its CPU limit.
"""

import warnings
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

from waremind.daemon.rules.days import MOST_EVENTS, NoDays
from waremind.domain.exceptions import Exceptions
from waremind.domain.plan import Plan
from waremind.domain.recurrence import Recurrence
from waremind.domain.rule_text import parse_rule
from waremind.domain.wall_time import wall_of
from waremind.errors import WaremindError

MOST_TAKEN = 500
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
        rrule = _rule(event["RRULE"]) if "RRULE" in event else None
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


def _rule(value: Any) -> str:
    """Return a rule as the file has it; what icalendar cannot read it keeps as a text."""
    return str(value) if isinstance(value, str) else value.to_ical().decode()


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
