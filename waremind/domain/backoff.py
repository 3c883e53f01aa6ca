"""Capped exponential back-off with jitter: how long to wait before trying again."""

STABLE_SECONDS = 60.0


def retries_after(retries: int, stood_seconds: float) -> int:
    """Count the retry to come; what stood long enough before it failed starts the count anew."""
    return 1 if stood_seconds >= STABLE_SECONDS else retries + 1


def delay_seconds(retries: int, first: float, most: float, chance: float) -> float:
    """Say how long to wait before retry number `retries` (1, 2, …).

    `chance` in [0, 1) spreads the retries of many accounts over the upper half of the delay.
    """
    full = min(most, first * 2.0 ** min(retries - 1, 32))
    return full * (0.5 + chance / 2)
