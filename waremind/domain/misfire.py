"""What becomes of occurrences that are due: sent, or missed and why."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from waremind.domain.recurrence import Occurrence, Recurrence

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
    """A stretch of occurrences in a row that did not fire, and the reason its run row says."""

    first: Occurrence
    until: datetime
    count: int
    reason: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """Which occurrences are sent now, which stretch before them is not, and what comes next.

    `next` is what the reminder waits for from now on (None: nothing, it is finished). It may be
    due already: then there was more than one judgement holds, and it is to be claimed at once.
    """

    sent: tuple[Occurrence, ...]
    missed: Missed | None
    next: Occurrence | None


@dataclass(frozen=True, slots=True)
class Claim:
    """A reminder whose stored occurrence is due, and by what to judge it at an instant (UTC)."""

    recurrence: Recurrence
    due: Occurrence
    now: datetime
    grace: timedelta
    misfire: Misfire

    def answer(self) -> Judgement:
        """Judge the stored occurrence and all that came due after it."""
        stream = self.recurrence.going_on(self.due)
        return judge(stream, self.now, grace=self.grace, misfire=self.misfire)


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A reminder that was kept from firing until an instant (UTC), and the reason."""

    recurrence: Recurrence
    due: Occurrence
    now: datetime
    reason: str

    def answer(self) -> Judgement:
        """Pass over what came due meanwhile."""
        return pass_over(self.recurrence.going_on(self.due), self.now, self.reason)


def judge(
    stream: Iterable[Occurrence], now: datetime, *, grace: timedelta, misfire: Misfire
) -> Judgement:
    """Judge the occurrences that are due at an instant; `stream` is ascending and may be endless.

    Late by no more than `grace`: sent. Of the later ones `skip` sends none, `once` the latest
    (unless one within grace is sent anyway), and `all` the latest ten.
    """
    due, following = _due(stream, now)
    late = [occurrence for occurrence in due if now - occurrence.at > grace]
    if following is not None and now - following.at > grace:
        # More late ones follow: whether the last of these are sent is for the next judgement.
        undecided = late[-SENT_LATE_AT_MOST]
        return Judgement((), _missed(late[:-SENT_LATE_AT_MOST], misfire), undecided)
    in_time = due[len(late) :]
    in_time_follows = following is not None and following.at <= now
    nothing_else = not (in_time or in_time_follows)
    wanted = LATE_ONES_SENT[misfire] if misfire is not Misfire.ONCE or nothing_else else 0
    first_sent = max(len(late) - wanted, 0)
    sent = (*late[first_sent:], *in_time)
    return Judgement(sent, _missed(late[:first_sent], misfire), following)


def pass_over(stream: Iterable[Occurrence], now: datetime, reason: str) -> Judgement:
    """Send none of the occurrences that are due (the reminder is paused, say), and go on."""
    due, following = _due(stream, now)
    return Judgement((), _stretch(due, reason), following)


def _due(stream: Iterable[Occurrence], now: datetime) -> tuple[list[Occurrence], Occurrence | None]:
    """Return what is due, at most one judgement's worth, and the occurrence after it."""
    due: list[Occurrence] = []
    for occurrence in stream:
        if occurrence.at > now or len(due) == JUDGED_AT_ONCE:
            return due, occurrence
        due.append(occurrence)
    return due, None


def _missed(late: list[Occurrence], misfire: Misfire) -> Missed | None:
    return _stretch(late, "capped" if misfire is Misfire.ALL else "late")


def _stretch(row: list[Occurrence], reason: str) -> Missed | None:
    return Missed(row[0], row[-1].at, len(row), reason) if row else None
