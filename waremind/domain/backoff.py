"""Capped exponential back-off with jitter: how long to wait before trying again."""


def delay_seconds(retries: int, first: float, most: float, chance: float) -> float:
    """Say how long to wait before retry number `retries` (1, 2, …).

    `chance` in [0, 1) spreads the retries of many accounts over the upper half of the delay.
    """
    full = min(most, first * 2.0 ** min(retries - 1, 32))
    return full * (0.5 + chance / 2)
