"""Asks about recurrences in a process of its own, where no rule can make the daemon late."""

import asyncio
import pickle
import socket
import sys
from asyncio.subprocess import Process
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self, TypeVar

from waremind.daemon.rule_worker import CPU_SECONDS, LENGTH, Question
from waremind.domain.misfire import Claim, Judgement, PassedOver
from waremind.domain.recurrence import Occurrence
from waremind.domain.recurrence_trial import Preview, Upcoming, require_occurrence, too_slow

COMMAND = (sys.executable, "-P", "-m", "waremind.daemon.rule_worker")
# For starting a worker, and then for a machine on which CPU time passes ten times slower.
PATIENCE_SECONDS = 10.0
SLOWER = 10
# A worker may have died before it was asked: a fresh one gets the same questions.
ATTEMPTS = 2

AnswerT = TypeVar("AnswerT")


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
                *COMMAND, stdin=theirs.fileno(), stdout=theirs.fileno()
            )
        return cls(process, *await asyncio.open_connection(sock=ours))

    async def ask(self, questions: Sequence[Question[AnswerT]]) -> list[AnswerT | None]:
        """Return the answers in order. Raises OSError, EOFError or TimeoutError if it is lost."""
        payload = pickle.dumps(questions)
        async with asyncio.timeout(PATIENCE_SECONDS + SLOWER * CPU_SECONDS * len(questions)):
            self.questions.write(LENGTH.pack(len(payload)) + payload)
            await self.questions.drain()
            (length,) = LENGTH.unpack(await self.answers.readexactly(LENGTH.size))
            # Only the process that was started here writes to the pipe.
            return pickle.loads(await self.answers.readexactly(length))  # noqa: S301

    async def end(self) -> None:
        """End it; it is gone on return."""
        self.questions.close()
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()


class RuleTrial:
    """One worker process, started when first asked, and anew after it was lost.

    Askers wait for each other: the scheduler and the operators are to have one each.
    """

    def __init__(self) -> None:
        self._worker: Worker | None = None
        self._turn = asyncio.Lock()

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
        async with self._turn:
            await self._end()

    async def warm(self) -> None:
        """Have a worker ready, so that the first question does not wait for its start."""
        if self._worker is None:
            await self._ask(())

    async def first(self, asked: Preview | Upcoming) -> tuple[Occurrence, ...]:
        """Return the occurrences that are asked for, fewer where the recurrence ends.

        Raises WaremindError (`invalid_input`) if that takes more than the CPU limit.
        """
        (answer,) = await self._ask([asked])
        if answer is None:
            raise too_slow()
        return answer

    async def admit(self, preview: Preview) -> tuple[Occurrence, ...]:
        """Return the first occurrences of a recurrence that is about to be stored.

        Raises WaremindError (`invalid_input`) also if there is none within ten years.
        """
        found = await self.first(preview)
        require_occurrence(preview, found)
        return found

    async def judge(self, claims: Sequence[Claim | PassedOver]) -> list[Judgement | None]:
        """Judge reminders that are due; None for one whose rule exceeds the CPU limit now."""
        return await self._ask(claims)

    async def _ask(self, questions: Sequence[Question[AnswerT]]) -> list[AnswerT | None]:
        """Ask all at once; if the worker is lost over them, each by itself, to spare the others."""
        for _ in range(ATTEMPTS):
            try:
                return await self._exchange(questions)
            except (OSError, EOFError, TimeoutError):
                continue
        if len(questions) == 1:
            return [None]
        return [answer for question in questions for answer in await self._ask([question])]

    async def _exchange(self, questions: Sequence[Question[AnswerT]]) -> list[AnswerT | None]:
        """Ask once; a worker that did not answer, or that nobody waited for, is ended."""
        async with self._turn:
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
