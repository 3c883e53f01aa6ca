"""Which of the occurrences that came due are sent, and which stretch is missed, and why."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count as counting
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
from waremind.domain.plan import Plan
from waremind.domain.planned import Fate, Note, Planned
from waremind.domain.recurrence import Occurrence, Recurrence
from waremind.domain.rule_text import parse_rule

moment = datetime.fromisoformat
NOW = moment("2026-12-01T09:00Z")
MINUTE = timedelta(minutes=1)
GRACE = 10 * MINUTE


def ago(minutes: float) -> Planned:
    at = NOW - minutes * MINUTE
    return Planned.of(Occurrence(at, at.replace(tzinfo=None)))


def judged(*minutes: float, misfire: Misfire = Misfire.SKIP) -> Judgement:
    """Judge occurrences that were due so many minutes ago (negative: in the future)."""
    return judge(map(ago, minutes), NOW, grace=GRACE, misfire=misfire)


@pytest.mark.parametrize("misfire", Misfire)
def test_late_by_no_more_than_grace_is_sent(misfire: Misfire) -> None:
    assert judged(10, 0, -5, misfire=misfire) == Judgement(
        (ago(10), ago(0)), (), ago(-5), ago(-5).at
    )


@pytest.mark.parametrize("misfire", Misfire)
def test_what_is_not_due_waits(misfire: Misfire) -> None:
    assert judged(-1, -2, misfire=misfire) == Judgement((), (), ago(-1), ago(-1).at)


def test_a_reminder_without_a_next_occurrence_is_finished() -> None:
    assert judged(5).next is None


def test_skip_sends_nothing_that_is_later_than_grace() -> None:
    result = judged(60, 40, 20, 5, -10)
    assert result.sent == (ago(5),)
    (missed,) = result.stretches
    assert (missed.first, missed.until) == (ago(60).at, ago(20).at)
    assert (missed.count, missed.reason) == (3, "late")


def test_once_sends_the_latest_one() -> None:
    result = judged(60, 40, 20, -10, misfire=Misfire.ONCE)
    assert result.sent == (ago(20),)
    (missed,) = result.stretches
    assert (missed.count, missed.until, missed.reason) == (
        2,
        ago(40).at,
        "late",
    )


def test_once_sends_no_late_one_when_the_latest_is_within_grace() -> None:
    result = judged(60, 40, 5, misfire=Misfire.ONCE)
    assert result.sent == (ago(5),)
    (missed,) = result.stretches
    assert missed.count == 2


def test_all_sends_each_up_to_ten_and_the_rest_is_capped() -> None:
    few = judged(60, 40, 20, 5, misfire=Misfire.ALL)
    assert few == Judgement((ago(60), ago(40), ago(20), ago(5)))
    many = judged(*range(100, 80, -1), misfire=Misfire.ALL)
    assert many.sent == tuple(map(ago, range(90, 80, -1)))
    (missed,) = many.stretches
    assert (missed.first, missed.count, missed.reason) == (ago(100).at, 10, "capped")


def test_a_paused_reminder_passes_over_what_is_due() -> None:
    result = pass_over(map(ago, (60, 5, -5)), NOW, "skipped")
    assert result.sent == ()
    (missed,) = result.stretches
    assert (missed.count, missed.reason) == (2, "skipped")
    assert result.next == ago(-5)
    assert pass_over(map(ago, (-5,)), NOW, "skipped").stretches == ()


def minutely(days_down: float) -> Claim:
    recurrence = Recurrence(
        parse_rule("FREQ=MINUTELY"), moment("2020-01-01T09:00"), ZoneInfo("Europe/Berlin")
    )
    plan = Plan(recurrence)
    due = next(plan.occurrences(NOW - timedelta(days=days_down))).position
    return Claim(plan, due, NOW, GRACE, Misfire.ONCE)


@pytest.mark.parametrize(
    ("misfire", "sent", "count", "reason"),
    [
        (Misfire.SKIP, 11, 709, "late"),
        (Misfire.ONCE, 11, 709, "late"),
        (Misfire.ALL, 21, 699, "capped"),
    ],
)
def test_half_a_day_of_every_minute_is_one_stretch(
    misfire: Misfire, sent: int, count: int, reason: str
) -> None:
    claim = minutely(0.5)
    result = Claim(claim.plan, claim.due, NOW, GRACE, misfire).answer()
    assert len(result.sent) == sent
    (missed,) = result.stretches
    assert (missed.count, missed.reason) == (count, reason)
    assert result.next is not None
    assert result.next.at == NOW + MINUTE


def test_what_was_kept_from_firing_is_one_stretch_with_its_reason() -> None:
    claim = minutely(1 / 24)
    result = PassedOver(claim.plan, claim.due, NOW, "frozen").answer()
    assert result.sent == ()
    (missed,) = result.stretches
    assert (missed.first, missed.count) == (claim.due.at, 60)
    assert missed.reason == "frozen"


def settled(due: list[Planned], misfire: Misfire) -> Iterator[Judgement]:
    """Judge piece by piece, as a scheduler does that claims what is due still."""
    following: Planned | None = due[0]
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
    assert sum(m.count for result in results for m in result.stretches) == len(late) - expected
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
    missed = sum(stretch.count for stretch in result.stretches)
    due = [occurrence for occurrence in occurrences if occurrence.at <= NOW]
    assert list(result.sent) == due[missed:]
    assert (result.next,) == (occurrences[len(due)],) if len(due) < len(occurrences) else (None,)
    in_time = sum(NOW - occurrence.at <= GRACE for occurrence in due)
    assert in_time <= len(result.sent) <= in_time + SENT_LATE_AT_MOST


def test_an_endless_stream_is_read_no_further_than_needed() -> None:
    endless = (ago(5 - step) for step in counting())
    assert judge(endless, NOW, grace=GRACE, misfire=Misfire.SKIP).next == ago(-1)
    assert next(endless) == ago(-2)


def dropped(minutes: float, fate: Fate) -> Planned:
    return ago(minutes).dropped(fate, Note("skipped", (NOW,)))


def test_what_is_skipped_or_quiet_is_a_stretch_of_its_own_between_what_is_late() -> None:
    stream = [ago(50), dropped(40, Fate.SKIPPED), dropped(35, Fate.MERGED), ago(30)]
    stream += [dropped(20, Fate.QUIET), dropped(15, Fate.QUIET), ago(5), dropped(-5, Fate.SKIPPED)]
    result = judge([*stream, ago(-9)], NOW, grace=GRACE, misfire=Misfire.SKIP)
    assert result.sent == (ago(5),)
    assert [(m.first, m.until, m.count, m.reason, m.outcome) for m in result.stretches] == [
        (ago(50).at, ago(50).at, 1, "late", "missed"),
        (ago(40).at, ago(40).at, 1, "by_operator", "skipped"),
        (ago(30).at, ago(30).at, 1, "late", "missed"),
        (ago(20).at, ago(15).at, 2, "quiet", "missed"),
    ]
    assert result.next == dropped(-5, Fate.SKIPPED)
    assert result.fires_at == ago(-9).at


def test_what_never_fires_again_is_not_looked_for_without_end() -> None:
    for_ever = (dropped(-step, Fate.SKIPPED) for step in counting(1))
    result = judge(for_ever, NOW, grace=GRACE, misfire=Misfire.SKIP)
    assert (result.next, result.fires_at) == (dropped(-1, Fate.SKIPPED), None)
