"""How long to wait before trying again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from waremind.domain.backoff import delay_seconds

chances = st.floats(0, 1, exclude_max=True)
retries = st.integers(1, 10**6)


@given(retries, chances)
def test_a_delay_is_never_longer_than_the_most_nor_shorter_than_half_the_first(
    number: int, chance: float
) -> None:
    assert 1 <= delay_seconds(number, 2, 300, chance) <= 300


def test_it_doubles_until_it_is_capped() -> None:
    delays = [delay_seconds(number, 2, 30, 1.0) for number in range(1, 8)]
    assert delays == [2, 4, 8, 16, 30, 30, 30]


@given(retries, chances, chances)
def test_chance_spreads_over_the_upper_half(number: int, one: float, other: float) -> None:
    least, most = sorted([delay_seconds(number, 2, 300, c) for c in (one, other)])
    assert most <= 2 * least
