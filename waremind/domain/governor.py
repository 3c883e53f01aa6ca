"""How fast an account may send: a token bucket with random spacing, slower after a fresh link.

WhatsApp restricts accounts that send like machines; what it counts is not published, so the
limits are the operator's, with cautious defaults.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Limits:
    """Messages a minute in the long run, at once after a pause, and the spacing between two."""

    per_minute: float
    burst: int
    spacing_min: timedelta
    spacing_max: timedelta

    def after(self, count: int) -> timedelta:
        """Say how long `count` messages take at least, from a full bucket on."""
        waited = max(0, count - self.burst) * 60 / self.per_minute
        return max(timedelta(seconds=waited), self.spacing_min * max(0, count - 1))


@dataclass(frozen=True, slots=True)
class Bucket:
    """What an account may still send: `tokens` as of `at`, and nothing before `not_before`."""

    tokens: float
    at: datetime
    not_before: datetime

    @classmethod
    def full(cls, limits: Limits, now: datetime) -> "Bucket":
        """Make the bucket of an account that has not sent for long."""
        return cls(limits.burst, now, now)

    def _filled(self, limits: Limits, now: datetime) -> float:
        # A clock that was set back fills nothing, and takes nothing away.
        passed = max(0.0, (now - self.at).total_seconds())
        return min(limits.burst, self.tokens + passed * limits.per_minute / 60)

    def ready_at(self, limits: Limits, now: datetime) -> datetime:
        """Say when the next message may leave."""
        missing = 1 - self._filled(limits, now)
        filled_at = now + timedelta(seconds=max(0.0, missing) * 60 / limits.per_minute)
        # After a clock set back, a `not_before` of the old time must not silence the account.
        spaced_at = min(self.not_before, now + limits.spacing_max)
        return max(filled_at, spaced_at, now)

    def spent(self, limits: Limits, now: datetime, chance: float) -> "Bucket":
        """Take a token for a message that leaves now; `chance` in [0, 1) chooses the spacing."""
        spacing = limits.spacing_min + (limits.spacing_max - limits.spacing_min) * chance
        return Bucket(max(0.0, self._filled(limits, now) - 1), now, now + spacing)
