"""Asks about recurrences in a process of its own, where no rule can make the daemon late."""

import asyncio
import pickle
import socket
import sys
from asyncio.subprocess import Process
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from types import TracebackType
from typing import Self, TypeVar

from waremind.daemon.rules.days import CountryDays, FoundDays, IcsDays, NoDays
from waremind.daemon.rules.events_read import FoundEvent, IcsEvents, LeftEvent
from waremind.daemon.rules.events_written import IcsOf
from waremind.daemon.rules.queue import FairLock
from waremind.daemon.rules.worker import LENGTH, Question, cpu_seconds_of
from waremind.domain.misfire import Claim, Judgement, PassedOver
from waremind.domain.planned import Planned
from waremind.domain.recurrence_trial import (
    Named,
    Preview,
    Upcoming,
    not_computed,
    require_occurrence,
    too_slow,
)
from waremind.environment import passed_on

COMMAND = (sys.executable, "-P", "-m", "waremind.daemon.rules.worker")
# For starting a worker, and then for a machine on which CPU time passes ten times slower.
START_SECONDS = 10.0
SLOWER = 10
# How a worker that is lost, or cannot be started, shows itself.
LOSSES = (OSError, EOFError, TimeoutError)

AnswerT = TypeVar("AnswerT")


class Unanswered(Enum):
    """Why a question has no answer."""

    TOO_SLOW = auto()  # it takes more than the CPU limit, whenever it is asked
    LOST = auto()  # the worker was killed, or did not start; the question may be sound


Answers = list[AnswerT | Unanswered]


@dataclass(frozen=True, slots=True)
class Worker:
    """A running worker process, and the two directions of its pipe."""

    process: Process
    answers: asyncio.StreamReader
    questions: asyncio.StreamWriter

    @classmethod
    async def start(cls) -> Self:
        """Start one."""
        ours, theirs = socket.socketpair()
        with theirs:
            process = await asyncio.create_subprocess_exec(
                *COMMAND, stdin=theirs.fileno(), stdout=theirs.fileno(), env=passed_on()
            )
        return cls(process, *await asyncio.open_connection(sock=ours))

    async def ask(self, questions: Sequence[Question[AnswerT]]) -> Answers[AnswerT]:
        """Return the answers in order. Raises OSError, EOFError or TimeoutError if it is lost."""
        encoded = pickle.dumps(questions)
        cpu_seconds = sum(map(cpu_seconds_of, questions))
        async with asyncio.timeout(START_SECONDS + SLOWER * cpu_seconds):
            self.questions.write(LENGTH.pack(len(encoded)) + encoded)
            await self.questions.drain()
            (length,) = LENGTH.unpack(await self.answers.readexactly(LENGTH.size))
            # Only the process that was started here writes to the pipe.
            answers = pickle.loads(await self.answers.readexactly(length))  # noqa: S301
        return [Unanswered.TOO_SLOW if answer is None else answer for answer in answers]

    async def end(self) -> None:
        """End it; it is gone on return."""
        self.questions.close()
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()


class RuleEvaluator:
    """One worker process, started when first asked, and anew after it was lost.

    Askers wait for each other, one of each in turn; the scheduler has a worker of its own.
    """

    def __init__(self) -> None:
        self._worker: Worker | None = None
        self._lock = FairLock()

    async def __aenter__(self) -> Self:
        """Return itself; nothing is started yet."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close it."""
        await self.close()

    async def close(self) -> None:
        """End the worker; it is gone on return."""
        async with self._lock:
            await self._end()

    async def warm(self) -> None:
        """Have a worker ready, so that the first question does not wait for its start."""
        if self._worker is None:
            await self._ask(())

    async def first(self, asked: Preview | Upcoming) -> tuple[Planned, ...]:
        """Return the messages that are asked for, and what does not fire in between.

        Raises WaremindError: `invalid_input` if that takes more than the CPU limit, `timed_out` if
        the worker was lost.
        """
        return _answered(*await self._ask([asked]))

    async def admit(self, preview: Preview) -> tuple[Planned, ...]:
        """Return the first messages of a plan that is about to be stored.

        Raises as `first` does, and WaremindError `invalid_input` if there is none within ten years.
        """
        found = await self.first(preview)
        require_occurrence(preview, found)
        return found

    async def days(self, asked: CountryDays | IcsDays) -> FoundDays | NoDays | None:
        """Return days off; None: finding them takes too long. Raises as `first` does."""
        (answer,) = await self._ask([asked])
        return None if answer is Unanswered.TOO_SLOW else _answered(answer)

    async def events(self, asked: IcsEvents) -> tuple[FoundEvent | LeftEvent, ...] | NoDays | None:
        """Return a file's events; None: finding them takes too long. Raises as `first` does."""
        (answer,) = await self._ask([asked])
        return None if answer is Unanswered.TOO_SLOW else _answered(answer)

    async def exported(self, asked: IcsOf) -> tuple[str, tuple[LeftEvent, ...]] | None:
        """Return reminders as a file; None: it takes too long. Raises as `first` does."""
        (answer,) = await self._ask([asked])
        return None if answer is Unanswered.TOO_SLOW else _answered(answer)

    async def named(self, asked: Named) -> tuple[Planned | None, ...]:
        """Return the occurrences with these own times. Raises as `first` does."""
        return _answered(*await self._ask([asked]))

    async def pass_over(self, passed: PassedOver) -> Judgement:
        """Judge a reminder that was kept from firing. Raises as `first` does."""
        return _answered(*await self._ask([passed]))

    async def judge(self, claims: Sequence[Claim]) -> Answers[Judgement]:
        """Judge reminders that are due."""
        return await self._ask(claims)

    async def _ask(self, questions: Sequence[Question[AnswerT]]) -> Answers[AnswerT]:
        """Ask all at once; if the worker is lost over them, each by itself, to spare the others.

        It may have died before it was asked: each question has a second try at least.
        """
        try:
            return await self._exchange(questions)
        except LOSSES:
            return [await self._ask_alone(question) for question in questions]

    async def _ask_alone(self, question: Question[AnswerT]) -> AnswerT | Unanswered:
        try:
            (answer,) = await self._exchange([question])
        except LOSSES:
            return Unanswered.LOST
        return answer

    async def _exchange(self, questions: Sequence[Question[AnswerT]]) -> Answers[AnswerT]:
        """Ask once; a worker that did not answer, or that nobody waited for, is ended."""
        async with self._lock:
            self._worker = self._worker or await Worker.start()
            try:
                return await self._worker.ask(questions)
            except BaseException:
                await self._end()
                raise

    async def _end(self) -> None:
        worker, self._worker = self._worker, None
        if worker is not None:
            await worker.end()


def _answered(answer: AnswerT | Unanswered) -> AnswerT:
    """Give the answer to who waits for it. Raises WaremindError if there is none."""
    if answer is Unanswered.TOO_SLOW:
        raise too_slow()
    if isinstance(answer, Unanswered):
        raise not_computed()
    return answer
