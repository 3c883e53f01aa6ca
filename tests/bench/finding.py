"""What a bench has found: one line of its table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Good = Literal["at least", "at most"]


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured; `leniency` widens every bound on a machine that does other things."""

    rounds: int
    tries: int
    accounts: int
    deliveries: int
    reminders: int
    messages: int
    occasions: int
    idle_seconds: float
    leniency: float


FULL = Scale(
    rounds=30,
    tries=3,
    accounts=100,
    deliveries=10_000,
    reminders=1_000_000,
    messages=300,
    occasions=200,
    idle_seconds=20,
    leniency=1,
)
SHORT = Scale(
    rounds=5,
    tries=1,
    accounts=100,
    deliveries=3_000,
    reminders=50_000,
    messages=60,
    occasions=30,
    idle_seconds=3,
    leniency=2,
)


@dataclass(frozen=True, slots=True)
class Finding:
    """A claim: `measured` over `yardstick`, both in `unit`, is `good` when `target` is kept."""

    claim: str
    measured: float
    yardstick: float
    unit: str
    good: Good
    target: float

    @property
    def ratio(self) -> float:
        return self.measured / self.yardstick

    def is_kept(self, leniency: float) -> bool:
        """Tell whether the ratio is as good as was promised."""
        if self.good == "at least":
            return self.ratio >= self.target / leniency
        return self.ratio <= self.target * leniency
