"""Which of the occurrences that came due are sent, and which stretch is missed, and why."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waremind.domain.misfire import (
    JUDGED_AT_ONCE,
    SENT_LATE_AT_MOST,
    Claim,
    Judgement,
    Misfire,
    PassedOver,
    judge,
    pass_over,
)
from waremind.domain.recurrence import Occurrence, Recurrence
from waremind.domain.rule_text import parse_rule

moment = datetime.fromisoformat
NOW = moment("2026-12-01T09:00Z")
MINUTE = timedelta(minutes=1)
GRACE = 10 * MINUTE


def ago(minutes: float) -> Occurrence:
    at = NOW - minutes * MINUTE
    return Occurrence(at, at.replace(tzinfo=None))


def judged(*minutes: float, misfire: Misfire = Misfire.SKIP) -> Judgement:
    """Judge occurrences that were due so many minutes ago (negative: in the future)."""
    return judge(map(ago, minutes), NOW, grace=GRACE, misfire=misfire)


@pytest.mark.parametrize("misfire", Misfire)
def test_late_by_no_more_than_grace_is_sent(misfire: Misfire) -> None:
    assert judged(10, 0, -5, misfire=misfire) == Judgement((ago(10), ago(0)), None, ago(-5))


@pytest.mark.parametrize("misfire", Misfire)
def test_what_is_not_due_waits(misfire: Misfire) -> None:
    assert judged(-1, -2, misfire=misfire) == Judgement((), None, ago(-1))


def test_a_reminder_without_a_next_occurrence_is_finished() -> None:
    assert judged(5).next is None


def test_skip_sends_nothing_that_is_later_than_grace() -> None:
    result = judged(60, 40, 20, 5, -10)
    assert result.sent == (ago(5),)
    assert result.missed is not None
    assert (result.missed.first, result.missed.until) == (ago(60), ago(20).at)
    assert (result.missed.count, result.missed.reason) == (3, "late")


def test_once_sends_the_latest_one() -> None:
    result = judged(60, 40, 20, -10, misfire=Misfire.ONCE)
    assert result.sent == (ago(20),)
    assert result.missed is not None
    assert (result.missed.count, result.missed.until, result.missed.reason) == (
        2,
        ago(40).at,
        "late",
    )


def test_once_sends_no_late_one_when_the_latest_is_within_grace() -> None:
    result = judged(60, 40, 5, misfire=Misfire.ONCE)
    assert result.sent == (ago(5),)
    assert result.missed is not None
    assert result.missed.count == 2


def test_all_sends_each_up_to_ten_and_the_rest_is_capped() -> None:
    few = judged(60, 40, 20, 5, misfire=Misfire.ALL)
    assert few == Judgement((ago(60), ago(40), ago(20), ago(5)), None, None)
    many = judged(*range(100, 80, -1), misfire=Misfire.ALL)
    assert many.sent == tuple(map(ago, range(90, 80, -1)))
    assert many.missed is not None
    assert (many.missed.first, many.missed.count, many.missed.reason) == (ago(100), 10, "capped")


def test_a_paused_reminder_passes_over_what_is_due() -> None:
    result = pass_over(map(ago, (60, 5, -5)), NOW, "skipped")
    assert result.sent == ()
    assert result.missed is not None
    assert (result.missed.count, result.missed.reason) == (2, "skipped")
    assert result.next == ago(-5)
    assert pass_over(map(ago, (-5,)), NOW, "skipped").missed is None


def minutely(days_down: float) -> Claim:
    recurrence = Recurrence(
        parse_rule("FREQ=MINUTELY"), moment("2020-01-01T09:00"), ZoneInfo("Europe/Berlin")
    )
    due = next(recurrence.occurrences(NOW - timedelta(days=days_down)))
    return Claim(recurrence, due, NOW, GRACE, Misfire.ONCE)


@pytest.mark.parametrize(
    ("misfire", "sent", "missed", "reason"),
    [
        (Misfire.SKIP, 11, 709, "late"),
        (Misfire.ONCE, 11, 709, "late"),
        (Misfire.ALL, 21, 699, "capped"),
    ],
)
def test_half_a_day_of_every_minute_is_one_stretch(
    misfire: Misfire, sent: int, missed: int, reason: str
) -> None:
    claim = minutely(0.5)
    result = Claim(claim.recurrence, claim.due, NOW, GRACE, misfire).answer()
    assert len(result.sent) == sent
    assert result.missed is not None
    assert (result.missed.count, result.missed.reason) == (missed, reason)
    assert result.next is not None
    assert result.next.at == NOW + MINUTE


def test_what_was_kept_from_firing_is_one_stretch_with_its_reason() -> None:
    claim = minutely(1 / 24)
    result = PassedOver(claim.recurrence, claim.due, NOW, "frozen").answer()
    assert result.sent == ()
    assert result.missed is not None
    assert (result.missed.first, result.missed.count) == (claim.due, 60)
    assert result.missed.reason == "frozen"


def settled(due: list[Occurrence], misfire: Misfire) -> Iterator[Judgement]:
    """Judge piece by piece, as a scheduler does that claims what is due still."""
    following: Occurrence | None = due[0]
    while following is not None and following.at <= NOW:
        rest = [occurrence for occurrence in due if occurrence.at >= following.at]
        result = judge(iter(rest), NOW, grace=GRACE, misfire=misfire)
        yield result
        following = result.next


@pytest.mark.parametrize("misfire", Misfire)
@pytest.mark.parametrize("extra", [-1, 0, 1, 5, 10, 11])
def test_a_long_stretch_is_judged_in_pieces_with_the_same_outcome(
    misfire: Misfire, extra: int
) -> None:
    late = [ago(20 + minutes) for minutes in range(JUDGED_AT_ONCE + extra)][::-1]
    results = list(settled([*late, ago(-5)], misfire))
    expected = {Misfire.SKIP: 0, Misfire.ONCE: 1, Misfire.ALL: SENT_LATE_AT_MOST}[misfire]
    sent = [occurrence for result in results for occurrence in result.sent]
    assert sent == late[len(late) - expected :]
    assert sum(result.missed.count for result in results if result.missed) == len(late) - expected
    assert len(results) <= 2


@given(
    st.lists(st.integers(-30, 300), unique=True, min_size=1).map(lambda m: sorted(m, reverse=True)),
    st.sampled_from(Misfire),
)
def test_each_due_occurrence_is_sent_or_missed_once_and_in_order(
    minutes: list[int], misfire: Misfire
) -> None:
    occurrences = [ago(minute) for minute in minutes]
    result = judge(iter(occurrences), NOW, grace=GRACE, misfire=misfire)
    missed = result.missed.count if result.missed else 0
    due = [occurrence for occurrence in occurrences if occurrence.at <= NOW]
    assert list(result.sent) == due[missed:]
    assert (result.next,) == (occurrences[len(due)],) if len(due) < len(occurrences) else (None,)
    in_time = sum(NOW - occurrence.at <= GRACE for occurrence in due)
    assert in_time <= len(result.sent) <= in_time + SENT_LATE_AT_MOST


def test_an_endless_stream_is_read_no_further_than_needed() -> None:
    endless = (ago(5 - step) for step in count())
    assert judge(endless, NOW, grace=GRACE, misfire=Misfire.SKIP).next == ago(-1)
    assert next(endless) == ago(-2)
