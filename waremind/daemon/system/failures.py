"""The work that fails now and is tried again: since when, and why.

It is noted where the work is done, and is what status, doctor and systemd say of it.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from waremind.daemon.system.logs import event, retry
from waremind.errors import ErrorCode, WaremindError

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why some work could not be done the last time, since when, and how often it was tried."""

    error: WaremindError
    since: datetime
    tries: int = 1


class Failures:
    """What fails now, by the name of the work: an infinitive such as `send messages`."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._failing: dict[str, Failure] = {}

    def note(self, work: str, error: Exception) -> None:
        """Note, and log, that some work has failed once more; what is no WaremindError is a bug."""
        known = isinstance(error, WaremindError)
        why = error if known else WaremindError(ErrorCode.INTERNAL, f"cannot {work}: {error!r}")
        before = self._failing.get(work)
        self._failing[work] = (
            replace(before, error=why, tries=before.tries + 1)
            if before
            else Failure(why, self._now())
        )
        if known:
            retry(log, "cannot go on yet", work=work, reason=why, hint=why.hint)
        else:
            retry(log, "a bug", logging.ERROR, bug=error, work=work)

    def clear(self, work: str) -> None:
        """Note that some work was done."""
        if failure := self._failing.pop(work, None):
            seconds = round((self._now() - failure.since).total_seconds(), 1)
            event(log, "goes on", work=work, failed=failure.tries, seconds=seconds)

    def hear(self, work: str, error: WaremindError | None) -> None:
        """Note an error, or (None) that the work was done."""
        if error:
            self.note(work, error)
        else:
            self.clear(work)

    def failing(self) -> list[Failure]:
        """List what fails now, the longest first."""
        return sorted(self._failing.values(), key=lambda failure: failure.since)
