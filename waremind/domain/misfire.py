"""What becomes of occurrences that are due: sent, or missed and why."""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from waremind.domain.planned import RECORDED, Outcome, Planned, Position

SENT_LATE_AT_MOST = 10
# A year of FREQ=MINUTELY is judged in pieces of this size, each claimed by itself: one takes some
# 12 ms of CPU, far from the limit on slower machines too.
JUDGED_AT_ONCE = 1_000


class Misfire(StrEnum):
    """What a reminder does about occurrences that are late by more than its grace."""

    SKIP = "skip"
    ONCE = "once"
    ALL = "all"


LATE_ONES_SENT = {Misfire.SKIP: 0, Misfire.ONCE: 1, Misfire.ALL: SENT_LATE_AT_MOST}


@dataclass(frozen=True, slots=True)
class Missed:
    """A stretch of occurrences in a row that did not fire, and what its run row says of it."""

    first: datetime
    until: datetime
    count: int
    reason: str
    outcome: Outcome = "missed"


@dataclass(frozen=True)
class Judgement:
    """Which occurrences are sent now, which stretches are not, and what comes next.

    `next` is what the reminder waits for from now on (None: nothing, it is finished), to send it
    or to write down why not; `fires_at` is when it next sends something, if that is soon to be
    seen. `next` may be due already: then there was more than one judgement holds, and it is to be
    claimed at once.
    """

    sent: tuple[Planned, ...]
    stretches: tuple[Missed, ...] = ()
    next: Planned | None = None
    fires_at: datetime | None = None


class Stream(Protocol):
    """What a reminder has planned."""

    def going_on(self, due: Position) -> Iterator[Planned]:
        """Yield a stored occurrence, and what is planned after it."""
        ...


@dataclass(frozen=True)
class Claim:
    """A reminder whose stored occurrence is due, and by what to judge it at an instant (UTC)."""

    plan: Stream
    due: Position
    now: datetime
    grace: timedelta
    misfire: Misfire

    def answer(self) -> Judgement:
        """Judge the stored occurrence and all that came due after it."""
        stream = self.plan.going_on(self.due)
        return judge(stream, self.now, grace=self.grace, misfire=self.misfire)


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A reminder that was kept from firing until an instant (UTC), and the reason."""

    plan: Stream
    due: Position
    now: datetime
    reason: str

    def answer(self) -> Judgement:
        """Pass over what came due meanwhile."""
        return pass_over(self.plan.going_on(self.due), self.now, self.reason)


def judge(
    stream: Iterable[Planned], now: datetime, *, grace: timedelta, misfire: Misfire
) -> Judgement:
    """Judge the occurrences that are due at an instant; `stream` is ascending and may be endless.

    Late by no more than `grace`: sent. Of the later ones `skip` sends none, `once` the latest
    (unless one within grace is sent anyway), and `all` the latest ten.
    """
    due, coming = _due(stream, now)
    following = coming[0] if coming else None
    firing = [one for one in due if one.fires]
    late = [one for one in firing if now - one.at > grace]
    reason = "capped" if misfire is Misfire.ALL else "late"
    if following is not None and now - following.at > grace and len(late) > SENT_LATE_AT_MOST:
        # More late ones follow: whether the last of these are sent is for the next judgement.
        undecided = late[-SENT_LATE_AT_MOST]
        decided = due[: due.index(undecided)]
        return Judgement((), _stretches(decided, reason), undecided, undecided.at)
    in_time = firing[len(late) :]
    in_time_follows = following is not None and following.at <= now
    nothing_else = not (in_time or in_time_follows)
    wanted = LATE_ONES_SENT[misfire] if misfire is not Misfire.ONCE or nothing_else else 0
    sent = (*late[max(len(late) - wanted, 0) :], *in_time)
    leaving = {id(one) for one in sent}
    left = [one for one in due if id(one) not in leaving]
    return Judgement(sent, _stretches(left, reason), following, _fires_at(coming))


def pass_over(stream: Iterable[Planned], now: datetime, reason: str) -> Judgement:
    """Send none of the occurrences that are due (the reminder is paused, say), and go on."""
    due, coming = _due(stream, now)
    stretch = (_stretch(due, reason, "skipped"),) if due else ()
    return Judgement((), stretch, coming[0] if coming else None, _fires_at(coming))


def _due(stream: Iterable[Planned], now: datetime) -> tuple[list[Planned], list[Planned]]:
    """Return what is due, at most one judgement's worth, and what comes up to the next message."""
    due: list[Planned] = []
    coming: list[Planned] = []
    for one in stream:
        if not (one.fires or one.fate in RECORDED):
            continue
        if coming or one.at > now or len(due) == JUDGED_AT_ONCE:
            coming.append(one)
            if one.fires or len(coming) == JUDGED_AT_ONCE:
                break
        else:
            due.append(one)
    return due, coming


def _fires_at(coming: Sequence[Planned]) -> datetime | None:
    return coming[-1].at if coming and coming[-1].fires else None


def _stretches(left: Sequence[Planned], reason: str) -> tuple[Missed, ...]:
    """Join those in a row that were left for one reason."""
    why = itertools.groupby(left, lambda one: one.fate)
    return tuple(_stretch(list(row), *RECORDED.get(fate, (reason, "missed"))) for fate, row in why)


def _stretch(row: Sequence[Planned], reason: str, outcome: Outcome) -> Missed:
    first, last = (one.at if one.fires else one.meant_at for one in (row[0], row[-1]))
    return Missed(first, last, len(row), reason, outcome)
