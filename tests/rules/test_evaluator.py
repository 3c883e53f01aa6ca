"""Rules tried in a real process of their own, hostile ones and dying processes included."""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from waremind.daemon.rules.evaluator import RuleEvaluator, Unanswered
from waremind.domain.misfire import Claim, Misfire
from waremind.domain.plan import Plan
from waremind.domain.planned import Position
from waremind.domain.recurrence import Recurrence
from waremind.domain.recurrence_trial import Preview
from waremind.domain.rule_text import parse_rule
from waremind.errors import ErrorCode, WaremindError

moment = datetime.fromisoformat
NOW = moment("2026-12-01T09:00Z")
# Nothing in April, June, September or November has a 31st: dateutil searches to the year 9999.
HOSTILE = "FREQ=MONTHLY;BYMONTH=4,6,9,11"


def planned(rule: str) -> Plan:
    start, zone = moment("2026-01-31T09:00"), ZoneInfo("Europe/Berlin")
    return Plan(Recurrence(parse_rule(rule), start, zone))


def claim(rule: str) -> Claim:
    due = Position(moment("2026-12-01T08:00Z"), moment("2026-12-01T09:00"))
    return Claim(planned(rule), due, NOW, timedelta(hours=2), Misfire.SKIP)


def with_trial(work: Callable[[RuleEvaluator], Coroutine[None, None, None]]) -> None:
    async def run() -> None:
        async with RuleEvaluator() as trial:
            await work(trial)

    asyncio.run(run())


def worker_of(trial: RuleEvaluator) -> int:
    assert trial._worker is not None
    return trial._worker.process.pid


def test_the_first_occurrences_are_those_of_the_domain() -> None:
    preview = Preview(planned("FREQ=DAILY"), NOW, 3)

    async def work(trial: RuleEvaluator) -> None:
        assert await trial.admit(preview) == preview.answer()

    with_trial(work)


def test_a_rule_that_never_fires_is_refused_soon_and_the_next_question_is_answered() -> None:
    async def work(trial: RuleEvaluator) -> None:
        await trial.first(Preview(planned("FREQ=DAILY"), NOW, 1))
        worker, begin = worker_of(trial), time.process_time()
        with pytest.raises(WaremindError, match="more than 100 ms of CPU"):
            await trial.first(Preview(planned(HOSTILE), NOW, 1))
        assert time.process_time() - begin < 0.05
        assert len(await trial.first(Preview(planned("FREQ=DAILY"), NOW, 2))) == 2
        assert worker_of(trial) == worker

    with_trial(work)


def test_a_rule_without_an_occurrence_is_not_admitted() -> None:
    async def work(trial: RuleEvaluator) -> None:
        with pytest.raises(WaremindError, match="never fires after"):
            await trial.admit(Preview(planned("FREQ=DAILY;COUNT=1"), NOW, 1))

    with_trial(work)


def test_one_rule_that_is_too_slow_does_not_cost_the_others_their_judgement() -> None:
    async def work(trial: RuleEvaluator) -> None:
        before, slow, after = await trial.judge(
            [claim("FREQ=DAILY"), claim(HOSTILE), claim("FREQ=WEEKLY")]
        )
        assert slow is Unanswered.TOO_SLOW
        assert before == claim("FREQ=DAILY").answer()
        assert after == claim("FREQ=WEEKLY").answer()

    with_trial(work)


def test_a_worker_that_was_killed_is_replaced_unnoticed() -> None:
    async def work(trial: RuleEvaluator) -> None:
        await trial.judge([claim("FREQ=DAILY")])
        worker = worker_of(trial)
        os.kill(worker, signal.SIGKILL)
        assert await trial.judge([claim("FREQ=DAILY")]) == [claim("FREQ=DAILY").answer()]
        assert worker_of(trial) != worker

    with_trial(work)


class Deadly(Claim):
    """A question that ends the process which reads it."""

    def __reduce__(self) -> tuple[Callable[[int], None], tuple[int]]:
        return os._exit, (1,)


def test_a_question_that_kills_the_worker_is_the_only_one_that_is_lost() -> None:
    async def work(trial: RuleEvaluator) -> None:
        mortal = claim("FREQ=DAILY")
        deadly = Deadly(mortal.plan, mortal.due, NOW, mortal.grace, mortal.misfire)
        assert await trial.judge([mortal, deadly, mortal]) == [
            mortal.answer(),
            Unanswered.LOST,
            mortal.answer(),
        ]

    with_trial(work)


def test_without_a_worker_every_question_is_lost_and_an_asker_is_told_to_try_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def work(trial: RuleEvaluator) -> None:
        assert await trial.judge([claim("FREQ=DAILY")] * 2) == [Unanswered.LOST] * 2
        with pytest.raises(WaremindError, match="was killed") as told:
            await trial.first(Preview(planned("FREQ=DAILY"), NOW, 1))
        assert told.value.code is ErrorCode.TIMED_OUT
        assert told.value.hint.startswith("try again")

    monkeypatch.setattr("waremind.daemon.rules.evaluator.COMMAND", ("false",))
    with_trial(work)


def test_an_asker_that_gives_up_leaves_no_answer_to_the_next() -> None:
    async def work(trial: RuleEvaluator) -> None:
        await trial.first(Preview(planned("FREQ=DAILY"), NOW, 1))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await trial.first(Preview(planned(HOSTILE), NOW, 1))
        assert len(await trial.first(Preview(planned("FREQ=DAILY"), NOW, 2))) == 2

    with_trial(work)


def test_closing_ends_the_worker_and_a_later_question_starts_another() -> None:
    async def work(trial: RuleEvaluator) -> None:
        await trial.close()
        await trial.judge([claim("FREQ=DAILY")])
        worker = worker_of(trial)
        await trial.close()
        with pytest.raises(ProcessLookupError):
            os.kill(worker, 0)
        assert await trial.judge([claim("FREQ=DAILY")]) == [claim("FREQ=DAILY").answer()]

    with_trial(work)


def test_a_worker_ends_by_itself_when_its_daemon_is_gone() -> None:
    async def work(trial: RuleEvaluator) -> None:
        await trial.judge([claim("FREQ=DAILY")])
        assert trial._worker is not None
        trial._worker.questions.write_eof()
        assert await trial._worker.process.wait() == 0

    with_trial(work)
