"""The process in which rules are tried: it answers questions, each within a limit of CPU time.

Its standard input and output are the daemon's pipes. It imports little and ends with its input.
"""

import pickle
import signal
import struct
import sys
from collections.abc import Iterable
from importlib import import_module
from types import FrameType
from typing import BinaryIO, Protocol, TypeVar

CPU_SECONDS = 0.1
# The limit strikes again this often, in case a signal came where no exception gets through.
AGAIN_SECONDS = 0.01
LENGTH = struct.Struct("!I")

Answer_co = TypeVar("Answer_co", covariant=True)


class Question(Protocol[Answer_co]):
    """A picklable question about a recurrence.

    What is asked by the thousand has no slots: a dataclass that has is pickled in Python.
    """

    def answer(self) -> Answer_co:
        """Compute the answer; never None."""
        ...


def cpu_seconds_of(question: object) -> float:
    """Return how much CPU time a question may take."""
    return getattr(question, "cpu_seconds", CPU_SECONDS)


class OutOfTimeError(Exception):
    """The CPU time of one question is used up."""


def main() -> None:
    """Answer lists of questions until the input ends; None is for what took too long."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    import_module("waremind.domain.misfire")  # what questions are made of, before the first comes
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    while (questions := _read(requests)) is not None:
        encoded = pickle.dumps([_limited(question) for question in questions])
        answers.write(LENGTH.pack(len(encoded)) + encoded)
        answers.flush()


def _read(requests: BinaryIO) -> Iterable[Question[object]] | None:
    head = requests.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack(head)
    # Only the daemon that started this process writes to the pipe.
    return pickle.loads(requests.read(length))  # noqa: S301


def _limited(question: Question[object]) -> object:
    try:
        signal.signal(signal.SIGPROF, _out_of_time)
        signal.setitimer(signal.ITIMER_PROF, cpu_seconds_of(question), AGAIN_SECONDS)
        try:
            return question.answer()
        finally:
            signal.signal(signal.SIGPROF, signal.SIG_IGN)
            signal.setitimer(signal.ITIMER_PROF, 0)
    except OutOfTimeError:
        return None


def _out_of_time(_signal: int, _frame: FrameType | None) -> None:
    raise OutOfTimeError


if __name__ == "__main__":
    main()
