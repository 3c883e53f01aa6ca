"""How many occurrences have a number between two instants, where nobody has to look at each."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from waremind.domain.days_off import DAY, DaysOff
from waremind.domain.exceptions import Exceptions
from waremind.domain.order import is_steady
from waremind.domain.recurrence import Recurrence
from waremind.domain.wall_time import instant_of, wall_of

# Whether clocks stand still is known of so long a time at once.
LOOKED_AT = timedelta(days=14)


def counted(
    recurrence: Recurrence,
    exceptions: Exceptions,
    days_off: DaysOff | None,
    begin: datetime,
    end: datetime,
) -> int | None:
    """Count those on working days from an instant on to before another.

    None: one has to look at each, as they do not come evenly, a clock changes, an operator has
    spoken of one, or a day off may go where nothing is yet.
    """
    zone, step = recurrence.zone, recurrence.step
    if step is None:
        return None
    days = _days(wall_of(begin, zone).date(), wall_of(end, zone).date())
    off = [day for day in days if days_off and days_off.name_of(day)]
    targets = {target for day in off if days_off and (target := days_off.working_day(day))}
    first, last = min({days[0], *targets}), max({days[-1], *targets}) + DAY
    if exceptions.speak_of(_midnight(first), _midnight(last)):
        return None
    even = _Evenly(recurrence.starts_at, step, zone)
    from_on, until = even.begin_of(first), even.begin_of(last)
    if from_on < recurrence.starts_at or until > recurrence.ends_at:
        return None
    if not _is_steady(from_on, until, zone):
        return None
    if not all(even.between(*even.day(target)) for target in targets):
        return None
    return even.between(begin, end) - sum(even.on(day, begin, end) for day in off)


@dataclass(frozen=True, slots=True)
class _Evenly:
    """What comes by even steps, where no clock changes."""

    starts_at: datetime
    step: timedelta
    zone: ZoneInfo

    def between(self, begin: datetime, end: datetime) -> int:
        """Count those from an instant on to before another."""
        return (self.starts_at - begin) // self.step - (self.starts_at - end) // self.step

    def begin_of(self, day: date) -> datetime:
        """Return when a day begins."""
        return instant_of(_midnight(day), self.zone)

    def day(self, day: date) -> tuple[datetime, datetime]:
        """Return when a day begins and ends."""
        return self.begin_of(day), self.begin_of(day + DAY)

    def on(self, day: date, begin: datetime, end: datetime) -> int:
        """Count those of a day from an instant on to before another."""
        first, last = self.day(day)
        return self.between(max(begin, first), min(end, last))


def _days(first: date, last: date) -> list[date]:
    return [first + DAY * number for number in range((last - first).days + 1)]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time())


def _is_steady(begin: datetime, end: datetime, zone: ZoneInfo) -> bool:
    pieces = range((end - begin) // LOOKED_AT + 1)
    begins = (begin + LOOKED_AT * number for number in pieces)
    return all(is_steady(each, min(each + LOOKED_AT, end), zone) for each in begins)
