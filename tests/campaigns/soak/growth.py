"""What may grow, and by how much: the evenings after the warm-up, against the last ones."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from campaigns.soak.gauges import Reading

WARM_UP = 0.2  # of the evenings: caches and pools fill
COMPARED = 0.25  # of the others, at each end
LONG_EVENINGS = 10
PER_MESSAGES = 10_000


@dataclass(frozen=True)
class Bound:
    """How much more a gauge may show in the end than after the warm-up."""

    times: float
    more: float = 0
    """On top of that: what a small number may vary by."""


BOUNDS: dict[str, Bound] = {
    "daemon_mb": Bound(1.25, 4),
    "descriptors": Bound(1, 8),
    "threads": Bound(1, 3),
    "postgres_mb": Bound(1.25, 2),
    "postgres_processes": Bound(1, 6),
    "child_mb": Bound(1.25, 4),
    "child_descriptors": Bound(1, 3),
    "child_threads": Bound(1, 6),
    "processes": Bound(1, 1),
    "zombies": Bound(1, 0),
    "database_mb": Bound(1, 40),
    "keys_mb": Bound(1.5, 5),
}


@dataclass(frozen=True)
class Growth:
    """How a gauge has changed; `slope` is what each further 10,000 messages add."""

    gauge: str
    start: float
    end: float
    slope: float

    @property
    def is_within(self) -> bool:
        bound = BOUNDS[self.gauge]
        return self.end <= self.start * bound.times + bound.more

    def is_judged(self, evenings: int) -> bool:
        """Tell whether the life was long enough: memory is still warming up in a short one."""
        return evenings >= LONG_EVENINGS or not self.gauge.endswith("_mb")

    def __str__(self) -> str:
        ratio = self.end / self.start if self.start else 1.0
        return (
            f"{self.gauge:20} {self.start:9.2f} {self.end:9.2f} {ratio:7.3f} {self.slope:+9.3f}"
            f" {'' if self.is_within else ' TOO MUCH'}"
        )


HEAD = f"{'':20} {'start':>9} {'end':>9} {'ratio':>7} {'per 10k':>9}"


def growths(readings: Sequence[Reading]) -> Iterator[Growth]:
    """Compare the evenings after the warm-up with the last ones, gauge by gauge."""
    warm = readings[int(len(readings) * WARM_UP) :]
    some = max(1, int(len(warm) * COMPARED))
    for gauge in BOUNDS:
        values = [float(getattr(reading, gauge)) for reading in warm]
        start, end = statistics.median(values[:some]), statistics.median(values[-some:])
        yield Growth(gauge, start, end, _slope([reading.messages for reading in warm], values))


def _slope(messages: Sequence[int], values: Sequence[float]) -> float:
    """Fit a line, so that one evening's noise says little."""
    if len(set(messages)) < 2:
        return 0.0
    return statistics.linear_regression(messages, values).slope * PER_MESSAGES
