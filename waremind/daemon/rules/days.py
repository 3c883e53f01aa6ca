"""Questions for the worker about days off: those of a country, and those in an ICS file.

The libraries that know are loaded in the worker only, and a hostile file costs its CPU limit.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, cast

DAY = timedelta(days=1)
MOST_EVENTS = 5_000
MOST_DAYS = 20_000
LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class FoundDays:
    """Days off by date; nothing is known after `ends_on`."""

    days: Mapping[date, str]
    ends_on: date


@dataclass(frozen=True, slots=True)
class NoDays:
    """Why there are none, and the cure."""

    reason: str
    hint: str


@dataclass(frozen=True, slots=True)
class CountryDays:
    """The public holidays of a country, or of a subdivision of it, in some years."""

    country: str
    subdivision: str | None
    first: int
    last: int
    cpu_seconds: float = 5.0

    def answer(self) -> FoundDays | NoDays:
        """List them, named in the country's own language."""
        import holidays  # noqa: PLC0415 - 100 ms, for those who ask

        known: dict[str, list[str]] = holidays.list_supported_countries()
        if self.country not in known:
            return NoDays(f"holidays of {self.country!r} are not known", self._known())
        parts = known[self.country]
        if self.subdivision is not None and self.subdivision not in parts:
            hint = f"known: {', '.join(sorted(parts))}" if parts else "leave out --subdivision"
            return NoDays(f"{self.country} has no subdivision {self.subdivision!r}", hint)
        years = range(self.first, self.last + 1)
        # Left alone, the library would name them in the language of the daemon's environment.
        language = holidays.country_holidays(self.country).default_language
        found = holidays.country_holidays(
            self.country, subdiv=self.subdivision, years=years, language=language
        )
        days = {day: name[:LONGEST_NAME] for day, name in found.items()}
        return FoundDays(days, date(self.last, 12, 31))

    def _known(self) -> str:
        """Say which code a country has that is called by its name, or list all codes."""
        from holidays.registry import COUNTRIES  # noqa: PLC0415 - loaded already

        codes = {name.upper(): code for name, code, *_ in COUNTRIES.values()}
        if code := codes.get(self.country.replace(" ", "")):
            return f"it goes by its code: --country {code}"
        return f"known: {', '.join(sorted(codes.values()))}"


@dataclass(frozen=True, slots=True)
class IcsDays:
    """The days that the events of an ICS file (RFC 5545) cover, up to a last one."""

    content: bytes
    first: date
    last: date
    cpu_seconds: float = 5.0

    def answer(self) -> FoundDays | NoDays:
        """List them, each with the summary of its event."""
        import icalendar  # noqa: PLC0415 - 80 ms, for those who ask

        if self.content.count(b"BEGIN:VEVENT") > MOST_EVENTS:
            return NoDays(f"it has more than {MOST_EVENTS} events", "leave out past ones")
        try:
            calendar: Any = icalendar.Calendar.from_ical(self.content)
            found = list(_covered(calendar.walk("VEVENT"), self.first, self.last))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            return NoDays(f"it is no calendar that can be read: {error}"[:300], "export it anew")
        if not found:
            return NoDays("no event in it covers a day from this year on", "name another file")
        days = {day: name for day, name, _ in reversed(found)}
        endless = any(is_endless for _, _, is_endless in found)
        return FoundDays(days, self.last if endless else max(days))


def _covered(events: list[Any], first: date, last: date) -> Iterator[tuple[date, str, bool]]:
    """Yield the days of events, their names, and whether the event has no end."""
    replaced = {
        (str(event.get("UID")), _day(event["RECURRENCE-ID"].dt))
        for event in events
        if "RECURRENCE-ID" in event
    }
    count = 0
    for event in events:
        if str(event.get("STATUS", "")).upper() == "CANCELLED" or "DTSTART" not in event:
            continue
        name = " ".join(str(event.get("SUMMARY", "")).split())[:LONGEST_NAME]
        begin = event["DTSTART"].dt
        length = _length(event, begin)
        rule = event.get("RRULE")
        endless = rule is not None and "UNTIL" not in rule and "COUNT" not in rule
        for day in _begins(event, begin, last):
            if "RECURRENCE-ID" not in event and (str(event.get("UID")), day) in replaced:
                continue
            for step in range(length):
                count += 1
                if count > MOST_DAYS:
                    raise ValueError(f"it covers more than {MOST_DAYS} days")
                if first <= day + DAY * step <= last:
                    yield day + DAY * step, name, endless


def _begins(event: Any, begin: date | datetime, last: date) -> Iterator[date]:
    """Yield the local days on which an event begins, by its RRULE, RDATE and EXDATE."""
    from dateutil.rrule import rrulestr  # noqa: PLC0415 - dateutil is the worker's

    start = datetime.combine(_day(begin), datetime.min.time())
    left_out = set(_listed(event, "EXDATE"))
    begins = {start.date()} if "RRULE" not in event else set[date]()
    if "RRULE" in event:
        named = _rule(event["RRULE"])
        rule = dict(named)
        if "UNTIL" in rule:
            rule["UNTIL"] = [_day(until) for until in rule["UNTIL"]]
        text: str = named.__class__(rule).to_ical().decode()
        for at in rrulestr(text, dtstart=start):
            if at.date() > last:
                break
            begins.add(at.date())
            if len(begins) > MOST_DAYS:
                raise ValueError(f"it covers more than {MOST_DAYS} days")
    begins.update(_listed(event, "RDATE"))
    yield from sorted(begins - left_out)


def _rule(value: Any) -> Any:
    """Read a rule that icalendar has kept as a text: Exchange writes spaces into BYDAY."""
    import icalendar  # noqa: PLC0415 - the caller has loaded it

    return icalendar.vRecur.from_ical(value.replace(" ", "")) if isinstance(value, str) else value


def _listed(event: Any, name: str) -> Iterator[date]:
    value: Any = event.get(name, [])
    entries: list[Any] = cast("list[Any]", value) if isinstance(value, list) else [value]
    for entry in entries:
        for each in entry.dts:
            whens: Any = (each.dt,) if not hasattr(each.dt, "__getitem__") else each.dt
            yield _day(whens[0])


def _day(when: date | datetime) -> date:
    return when.date() if isinstance(when, datetime) else when


def _length(event: Any, begin: date | datetime) -> int:
    """Return how many days an event covers; its end is not one of them (RFC 5545 3.6.1)."""
    if "DTEND" in event:
        end = event["DTEND"].dt
    elif "DURATION" in event:
        end = begin + event["DURATION"].dt
    else:
        return 1
    days = (_day(end) - _day(begin)).days
    at_midnight = not isinstance(end, datetime) or not (end.hour or end.minute or end.second)
    return max(days if at_midnight else days + 1, 1)
