"""Reminders as tests write them."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from waremind.requests.reminder import ReminderAdd, ReminderSet

BERLIN = ZoneInfo("Europe/Berlin")
# A rule has to fire within ten years.
YEAR = datetime.now(UTC).year + 1
LATER = f"{YEAR}-12-01T09:00"


def last_sunday(month: int) -> str:
    """Name the day on which Berlin's clocks change in `month` (3 or 10, of 31 days)."""
    end = datetime(YEAR, month, 31, tzinfo=UTC)
    return (end - timedelta(days=end.isoweekday() % 7)).strftime("%Y-%m-%d")


_numbers = itertools.count(1)


def a_name() -> str:
    """Make a name that no other test uses."""
    return f"reminder {next(_numbers)}"


def ago(**duration: float) -> str:
    """Write a time so long ago, as the clock in Berlin showed it, to the second."""
    at = datetime.now(UTC) - timedelta(**duration)
    return at.astimezone(BERLIN).strftime("%Y-%m-%dT%H:%M:%S")


def ahead(**duration: float) -> str:
    """Write a time that far ahead."""
    return ago(**{unit: -value for unit, value in duration.items()})


def _content(fields: dict[str, Any]) -> dict[str, Any]:
    once = {} if fields.keys() & {"rrule", "crontab", "on_calendar"} else {"at": LATER}
    return {"name": a_name(), "account": "ops", "to": ["Team"], "text": "hi", **once, **fields}


def adding(**fields: Any) -> ReminderAdd:
    """Ask for a new reminder, to Team, in 2099, unless the fields say otherwise."""
    return ReminderAdd(**_content(fields))


def setting(**fields: Any) -> ReminderSet:
    """Ask that a reminder be so."""
    return ReminderSet(**_content(fields))
