"""Reminders that could not be judged, as the worker was lost over them: when to ask again."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from waremind.domain.backoff import delay_seconds

FIRST_SECONDS = 1.0
MOST_SECONDS = 60.0


class _Retry(NamedTuple):
    """How often a reminder could not be judged in a row, and until when it is left alone."""

    losses: int
    until: datetime


class RetryLater:
    """The reminders (ids) over which the worker was lost, each tried again ever more slowly.

    In memory only, as a restart may well mend it.
    """

    def __init__(self) -> None:
        self._retries: dict[str, _Retry] = {}

    def waiting(self, now: datetime) -> list[str]:
        """List whom not to ask about now."""
        return [id_ for id_, retry in self._retries.items() if retry.until > now]

    def next_at(self, now: datetime) -> datetime | None:
        """Say when the next one has waited long enough."""
        later = (retry.until for retry in self._retries.values() if retry.until > now)
        return min(later, default=None)

    def put_off(self, lost: Iterable[str], now: datetime) -> None:
        """Put these off; those that have waited long enough are forgotten if not among them."""
        waiting = {id_: self._retries[id_] for id_ in self.waiting(now)}
        self._retries = waiting | {id_: self._retry(id_, now) for id_ in lost}

    def _retry(self, reminder: str, now: datetime) -> _Retry:
        losses = 1 + (self._retries[reminder].losses if reminder in self._retries else 0)
        seconds = delay_seconds(losses, FIRST_SECONDS, MOST_SECONDS, chance=1.0)
        return _Retry(losses, now + timedelta(seconds=seconds))
