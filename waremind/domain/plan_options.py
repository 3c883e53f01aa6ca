"""What an operator asks of a reminder beside its rule, as it is stored: one value, comparable."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from msgspec import Struct

from waremind.domain.days_off import EVERY_WEEKDAY, DaysOff, DaysOffCalendar, OnOff
from waremind.domain.exceptions import NO_EXCEPTIONS, Exceptions
from waremind.domain.plan import Plan
from waremind.domain.quiet_hours import Lateness, QuietHours
from waremind.domain.recurrence import Recurrence

NEVER_QUIET = "none"


class PlanOptions(
    Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """Times are naive and local to the reminder's zone, leads are seconds, weekdays from 0, Monday.

    `quiet` is `22:00-07:00`, or `none` where the daemon's own quiet hours are not to hold.
    `follow_up` is seconds, `unless_read` per cent; `mention` holds members (`mentions.is_member`)
    and `{turn}`.
    """

    excepted: tuple[datetime, ...] = ()
    also: tuple[datetime, ...] = ()
    skipped: tuple[datetime, ...] = ()
    moved: tuple[tuple[datetime, datetime], ...] = ()
    on_off: OnOff = OnOff.SKIP
    workdays: tuple[int, ...] = ()
    leads: tuple[int, ...] = ()
    quiet: str | None = None
    rotate: tuple[str, ...] = ()
    rotate_skipped: bool = False
    fields: bool = False
    until_day: date | None = None
    follow_up: int | None = None
    unless_read: int | None = None
    mention: tuple[str, ...] = ()

    @property
    def is_numbered(self) -> bool:
        """Whether somebody reads which occurrence it is."""
        return bool(self.rotate) or self.fields

    @property
    def exceptions(self) -> Exceptions:
        """The occurrences that are treated by themselves."""
        if not (self.excepted or self.also or self.skipped or self.moved):
            return NO_EXCEPTIONS
        excepted, also, skipped = map(frozenset, (self.excepted, self.also, self.skipped))
        return Exceptions(excepted, also, skipped, dict(self.moved))

    def plan(
        self,
        recurrence: Recurrence,
        calendars: Sequence[DaysOffCalendar],
        quiet: QuietHours | None,
        lateness: Lateness,
    ) -> Plan:
        """Make the plan; `quiet` holds where the reminder has no quiet hours of its own."""
        workdays = frozenset(self.workdays) or EVERY_WEEKDAY
        has_days_off = calendars or workdays != EVERY_WEEKDAY
        if self.quiet:
            quiet = None if self.quiet == NEVER_QUIET else QuietHours.parse(self.quiet)
        return Plan(
            recurrence,
            self.exceptions,
            DaysOff(self.on_off, tuple(calendars), workdays) if has_days_off else None,
            tuple(timedelta(seconds=seconds) for seconds in self.leads),
            quiet,
            lateness,
            numbered=self.is_numbered,
            skipped_count=self.rotate_skipped,
        )


BARE = PlanOptions()
