"""The governor: a bucket, a spacing, and a clock that may be set."""

from datetime import UTC, datetime, timedelta

from waremind.domain.governor import Bucket, Limits

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
SECOND = timedelta(seconds=1)
LIMITS = Limits(per_minute=6, burst=3, spacing_min=SECOND, spacing_max=3 * SECOND)


def spent(times: int, *, chance: float = 0.0) -> Bucket:
    """Send as soon as the spacing allows."""
    bucket, now = Bucket.full(LIMITS, NOW), NOW
    for _ in range(times):
        now = bucket.ready_at(LIMITS, now)
        bucket = bucket.spent(LIMITS, now, chance)
    return bucket


def test_after_a_pause_the_first_message_leaves_at_once() -> None:
    assert Bucket.full(LIMITS, NOW).ready_at(LIMITS, NOW) == NOW


def test_between_two_messages_there_is_a_spacing_that_chance_chooses() -> None:
    assert spent(1).ready_at(LIMITS, NOW) == NOW + SECOND
    assert spent(1, chance=0.5).ready_at(LIMITS, NOW) == NOW + 2 * SECOND


def test_after_the_burst_messages_leave_at_the_rate_of_the_long_run() -> None:
    # Three at 0, 1 and 2 s; a token grows in 10 s, and 2 s of one have grown by then.
    assert spent(3).ready_at(LIMITS, NOW + 2 * SECOND) == NOW + 10 * SECOND


def test_a_pause_fills_the_bucket_no_further_than_the_burst() -> None:
    bucket, later = spent(3), NOW + timedelta(days=1)
    for _ in range(LIMITS.burst):
        assert bucket.ready_at(LIMITS, later) <= later + LIMITS.spacing_max
        bucket = bucket.spent(LIMITS, later, 0.0)
    assert bucket.ready_at(LIMITS, later) == later + 10 * SECOND


def test_a_clock_that_was_set_back_does_not_silence_the_account() -> None:
    earlier = NOW - timedelta(days=1)
    assert spent(1).ready_at(LIMITS, earlier) == earlier + LIMITS.spacing_max


def test_a_clock_that_was_set_back_fills_nothing() -> None:
    earlier = NOW - timedelta(days=1)
    assert spent(3).ready_at(LIMITS, earlier) >= earlier + 8 * SECOND


def test_how_long_many_messages_take_is_told_by_burst_rate_and_spacing() -> None:
    assert LIMITS.after(1) == timedelta(0)
    assert LIMITS.after(3) == 2 * SECOND
    assert LIMITS.after(9) == 60 * SECOND
