"""What a recurrence must show before it is stored: that it fires, and soon enough."""

import itertools
from dataclasses import dataclass
from datetime import datetime, timedelta

from waremind.domain.recurrence import Occurrence, Recurrence
from waremind.domain.wall_time import rfc3339
from waremind.errors import ErrorCode, WaremindError

HORIZON = timedelta(days=3653)


@dataclass(frozen=True, slots=True)
class Preview:
    """The question for the first `count` occurrences after an instant (UTC)."""

    recurrence: Recurrence
    after: datetime
    count: int
    inclusive: bool = False
    since: Occurrence | None = None

    def answer(self) -> tuple[Occurrence, ...]:
        """List them, fewer where the recurrence ends."""
        found = self.recurrence.occurrences(self.after, inclusive=self.inclusive, since=self.since)
        return tuple(itertools.islice(found, self.count))


@dataclass(frozen=True, slots=True)
class Upcoming:
    """The question for `count` occurrences from a stored one on, as the scheduler claims them."""

    recurrence: Recurrence
    due: Occurrence
    count: int

    def answer(self) -> tuple[Occurrence, ...]:
        """List them, fewer where the recurrence ends."""
        return tuple(itertools.islice(self.recurrence.going_on(self.due), self.count))


def require_occurrence(preview: Preview, found: tuple[Occurrence, ...]) -> None:
    """Raise WaremindError (`invalid_input`) if nothing was found, or nothing within ten years."""
    zone = preview.recurrence.zone
    if not found:
        raise _refused(
            f"it never fires after {rfc3339(preview.after, zone)}",
            "correct its days, or let it start or end later",
        )
    if found[0].at - preview.after > HORIZON:
        raise _refused(
            f"it does not fire within 10 years, but first at {rfc3339(found[0].at, zone)}",
            "correct its start, or its INTERVAL",
        )


def too_slow() -> WaremindError:
    """Return the error for a rule that had no answer within the CPU limit."""
    return _refused(
        "it takes more than 100 ms of CPU to find when it fires; it may never fire",
        "correct its days, use fewer BY parts, or a longer FREQ",
    )


def not_computed() -> WaremindError:
    """Return the error for a rule of which nobody knows: the process that tries rules was lost."""
    return WaremindError(
        ErrorCode.TIMED_OUT,
        "cannot tell when it fires: the process that computes it was killed",
        hint="try again; if that does not help, the machine may be short of memory",
    )


def _refused(reason: str, hint: str) -> WaremindError:
    return WaremindError(ErrorCode.INVALID_INPUT, f"cannot use the rule: {reason}", hint=hint)
