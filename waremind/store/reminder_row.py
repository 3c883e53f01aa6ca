"""A row of the table `reminders`: what fires, and what it waits for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from waremind.domain.days_off import DaysOffCalendar
from waremind.domain.media import Attachment, MediaKind
from waremind.domain.misfire import Misfire
from waremind.domain.plan import Plan
from waremind.domain.plan_options import BARE, PlanOptions
from waremind.domain.planned import Planned, Position
from waremind.domain.quiet_hours import Lateness, QuietHours
from waremind.domain.recurrence import Recurrence
from waremind.domain.rule_text import parse_rule
from waremind.store.attachments import attachment_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ReminderRow:
    """A reminder as it is stored; `start` and `next_nominal` are naive, local to `zone`."""

    id: str
    name: str
    account_id: str
    text: str
    rrule: str | None
    at: datetime | None
    start: datetime
    zone: str
    misfire: Misfire
    grace_seconds: int
    mention_all: bool
    state: str
    next_at: datetime | None
    next_nominal: datetime | None
    next_ordinal: int
    created_at: datetime
    next_number: int = 0
    next_lead_seconds: int = 0
    fires_at: datetime | None = None
    revision: int = 1
    too_slow_since: datetime | None = None
    options: PlanOptions = BARE
    media: str | None = None
    media_kind: MediaKind | None = None
    media_name: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "misfire", Misfire(self.misfire))
        # PostgreSQL has NULL or an object.
        object.__setattr__(self, "options", msgspec.convert(self.options or {}, PlanOptions))

    @property
    def attachment(self) -> Attachment | None:
        """The image or document that goes with its text."""
        return attachment_of(self)

    @property
    def recurrence(self) -> Recurrence:
        """When its rule has it."""
        zone = ZoneInfo(self.zone)
        if self.at is not None:
            # Where the clock shows `start` twice, only the instant says which is meant.
            return Recurrence.once(self.at, zone)
        return Recurrence(parse_rule(self.rrule) if self.rrule else None, self.start, zone)

    def plan(self, calendars: Sequence[DaysOffCalendar], quiet: QuietHours | None) -> Plan:
        """Return when it fires, with its calendars; `quiet` holds unless it has such hours."""
        lateness = Lateness(timedelta(seconds=self.grace_seconds), self.misfire)
        return self.options.plan(self.recurrence, calendars, quiet, lateness)

    @property
    def due(self) -> Position | None:
        """The occurrence that it waits for."""
        if self.next_at is None or self.next_nominal is None:
            return None
        lead = timedelta(seconds=self.next_lead_seconds)
        return Position(self.next_at, self.next_nominal, self.next_ordinal, self.next_number, lead)


def waiting_for(following: Planned | None, fires_at: datetime | None) -> dict[str, Any]:
    """Say in a row's columns which occurrence it waits for; None: for nothing."""
    return {
        "next_at": following and following.at,
        "next_nominal": following and following.nominal,
        "next_ordinal": following.ordinal if following else 0,
        "next_number": following.number if following else 0,
        "next_lead_seconds": int(following.lead.total_seconds()) if following else 0,
        "fires_at": fires_at,
    }
