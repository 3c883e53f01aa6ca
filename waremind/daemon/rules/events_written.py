"""The worker's question for reminders as events of RFC 5545, written into a file.

The library that knows is loaded in the worker only.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice, takewhile
from typing import Any
from zoneinfo import ZoneInfo

from waremind.daemon.rules.events_read import LeftEvent
from waremind.domain.fields import filled
from waremind.domain.plan import Plan
from waremind.domain.plan_options import PlanOptions
from waremind.domain.planned import Planned
from waremind.domain.wall_time import is_ambiguous, wall_of

MOST_RESULTS = 400
RESULTS_FOR = timedelta(days=366)


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
