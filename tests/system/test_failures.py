"""What fails and is tried again: known since when and why, until it was done."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from waremind.daemon.system.failures import Failures
from waremind.daemon.system.tasks import run_forever
from waremind.errors import ErrorCode, WaremindError

pytestmark = pytest.mark.anyio

AT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
AWAY = WaremindError(ErrorCode.DATABASE_UNAVAILABLE, "cannot reach the database")


class Rounds:
    """Work whose rounds end as a test says: with an error, with more to do, or with nothing."""

    def __init__(self, *endings: Exception | bool) -> None:
        self._endings = list(endings)
        self.rested = asyncio.Event()

    async def round(self) -> bool:
        match self._endings.pop(0):
            case Exception() as error:
                raise error
            case more:
                return more

    async def rest(self) -> None:
        self.rested.set()
        await asyncio.Event().wait()

    async def run(self, failures: Failures) -> None:
        """Run until there is nothing more to do."""
        work = asyncio.create_task(
            run_forever(failures, "send", self.round, self.rest, patience_seconds=0)
        )
        try:
            async with asyncio.timeout(10):
                await self.rested.wait()
        finally:
            work.cancel()
            await asyncio.wait([work])


async def test_a_failure_is_known_from_its_first_try_until_the_work_is_done() -> None:
    now = iter([AT, AT + timedelta(minutes=1)])
    failures = Failures(lambda: next(now))
    for _ in range(2):
        failures.note("send", AWAY)
    (failing,) = failures.failing()
    assert (failing.error, failing.since, failing.tries) == (AWAY, AT, 2)
    failures.clear("send")
    assert failures.failing() == []


async def test_the_last_reason_counts_and_the_longest_failure_comes_first() -> None:
    times = iter(AT + timedelta(seconds=number) for number in range(2))
    failures = Failures(lambda: next(times))
    failures.note("claim", AWAY)
    failures.note("send", AWAY)
    failures.note("claim", WaremindError(ErrorCode.CONFLICT, "cannot use it: another does"))
    assert [each.error.code for each in failures.failing()] == [
        ErrorCode.CONFLICT,
        ErrorCode.DATABASE_UNAVAILABLE,
    ]


async def test_work_is_healthy_before_it_rests_not_after() -> None:
    failures = Failures(lambda: AT)
    await Rounds(AWAY, True, AWAY, False).run(failures)
    assert failures.failing() == []


async def test_a_bug_in_a_round_is_noted_and_ends_nothing() -> None:
    failures = Failures(lambda: AT)
    rounds = Rounds(ZeroDivisionError("odd"), False)
    noted: list[ErrorCode] = []

    async def rest() -> None:
        noted.extend(each.error.code for each in failures.failing())
        await Rounds.rest(rounds)

    failures.note("other", ZeroDivisionError("odd"))
    rounds.rest = rest
    await rounds.run(failures)
    assert noted == [ErrorCode.INTERNAL]
