"""The minutes, hours, days and months that a line names, and the rule that fires at them."""

from dataclasses import dataclass

from waremind.domain.rule import Day, Frequency, Rule

Numbers = frozenset[int] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockTimes:
    """What a line names; None: each. Weekdays count from 0, Monday; negative days from the end.

    A time fires when all of them name it.
    """

    minutes: Numbers
    hours: Numbers
    month_days: Numbers
    months: Numbers
    weekdays: Numbers

    @property
    def rule(self) -> Rule:
        """The rule that says the same.

        Where each hour is named, real hours are counted: none is left out or comes twice when
        clocks change.
        """
        every_minute = range(60) if self.hours is not None else ()
        return Rule(
            freq=self._frequency,
            bymonth=_listed(self.months),
            bymonthday=_listed(self.month_days),
            byday=tuple(Day(weekday) for weekday in _listed(self.weekdays)),
            byhour=_listed(self.hours),
            byminute=_listed(self.minutes) or tuple(every_minute),
            bysecond=(0,),
        )

    @property
    def _frequency(self) -> Frequency:
        if self.hours is None:
            return Frequency.MINUTELY if self.minutes is None else Frequency.HOURLY
        if self.month_days is not None:
            return Frequency.MONTHLY if self.months is None else Frequency.YEARLY
        return Frequency.DAILY if self.weekdays is None else Frequency.WEEKLY


def _listed(numbers: Numbers) -> tuple[int, ...]:
    return tuple(sorted(numbers or ()))
