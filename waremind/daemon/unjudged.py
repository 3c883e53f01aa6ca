"""Reminders over which the worker was lost: each is tried again, ever more slowly."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from waremind.domain.backoff import delay_seconds

FIRST_SECONDS = 1.0
MOST_SECONDS = 60.0


class Rest(NamedTuple):
    """How often a reminder could not be judged in a row, and until when it is left alone."""

    losses: int
    until: datetime


class Unjudged:
    """The reminders (ids) that rest; in memory only, as a restart may well mend it."""

    def __init__(self) -> None:
        self._rests: dict[str, Rest] = {}

    def resting(self, now: datetime) -> list[str]:
        """List whom not to ask about now."""
        return [id_ for id_, rest in self._rests.items() if rest.until > now]

    def next_at(self, now: datetime) -> datetime | None:
        """Say when the next one has rested enough."""
        return min((rest.until for rest in self._rests.values() if rest.until > now), default=None)

    def note(self, lost: Iterable[str], now: datetime) -> None:
        """Let these rest; those that had rested and are not among them are forgotten."""
        resting = {id_: self._rests[id_] for id_ in self.resting(now)}
        self._rests = resting | {id_: self._rest(id_, now) for id_ in lost}

    def _rest(self, reminder: str, now: datetime) -> Rest:
        losses = 1 + (self._rests[reminder].losses if reminder in self._rests else 0)
        seconds = delay_seconds(losses, FIRST_SECONDS, MOST_SECONDS, chance=1.0)
        return Rest(losses, now + timedelta(seconds=seconds))
