"""What a recurrence must show before it is stored: that it fires, and soon enough."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from waremind.domain.plan import Plan
from waremind.domain.planned import Fate, Planned, Position
from waremind.domain.wall_time import rfc3339
from waremind.errors import ErrorCode, WaremindError

HORIZON = timedelta(days=3653)
# So many occurrences in a row that send nothing: nothing is to be expected any more.
MOST_IN_VAIN = 1_000


@dataclass(frozen=True, slots=True)
class Preview:
    """The question for the first `count` messages after an instant (UTC)."""

    plan: Plan
    after: datetime
    count: int
    inclusive: bool = False
    since: Position | None = None

    def answer(self) -> tuple[Planned, ...]:
        """List them, fewer where the plan ends, and what does not fire in between."""
        found = self.plan.occurrences(self.after, inclusive=self.inclusive, since=self.since)
        return _messages(found, self.count)


@dataclass(frozen=True, slots=True)
class Upcoming:
    """The question for `count` messages from a stored occurrence on, as the scheduler claims."""

    plan: Plan
    due: Position
    count: int

    def answer(self) -> tuple[Planned, ...]:
        """List them, fewer where the plan ends, and what does not fire in between."""
        return _messages(self.plan.going_on(self.due), self.count)


@dataclass(frozen=True, slots=True)
class Named:
    """The question whether local times are those of occurrences, before anything bends them."""

    plan: Plan
    times: tuple[datetime, ...]

    def answer(self) -> tuple[Planned | None, ...]:
        """Return for each time the occurrence, or None."""
        return tuple(self.plan.named(each) for each in self.times)


def _messages(found: Iterable[Planned], count: int) -> tuple[Planned, ...]:
    """Take what is planned up to so many messages, or until there are too many in a row of none."""
    taken: list[Planned] = []
    in_vain = 0
    for one in found:
        taken.append(one)
        count -= one.fires
        in_vain = 0 if one.fires else in_vain + 1
        if not count or in_vain == MOST_IN_VAIN:
            break
    return tuple(taken)


def require_occurrence(preview: Preview, found: Sequence[Planned]) -> None:
    """Raise WaremindError (`invalid_input`) if no message was found, or none within ten years."""
    zone = preview.plan.zone
    fires_at = next((one.at for one in found if one.fires), None)
    if fires_at is None:
        why = f" ({found[-1].notes[-1].text})" if found else ""
        raise _refused(
            f"it never fires after {rfc3339(preview.after, zone)}{why}",
            "send it at their end: --misfire once, or change --quiet-hours"
            if found and found[-1].fate is Fate.QUIET
            else "correct its days, or let it start or end later",
        )
    if fires_at - preview.after > HORIZON:
        raise _refused(
            f"it does not fire within 10 years, but first at {rfc3339(fires_at, zone)}",
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
