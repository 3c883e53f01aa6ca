"""A stream of events that also wakes up every second, and when the terminal changes."""

import signal
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from threading import Thread
from types import FrameType
from typing import TypeVar

E = TypeVar("E")

TICK_SECONDS = 1.0
_REDRAW = (signal.SIGWINCH, signal.SIGCONT)
_END = (signal.SIGTERM, signal.SIGHUP)


def ticking(events: Iterator[E]) -> Iterator[E | None]:
    """Yield each event as it comes, and None in between: look at the clock and the terminal.

    Raises whatever `events` raises.
    """
    # Its `put` is allowed in signal handlers, unlike that of queue.Queue.
    queue: SimpleQueue[E | BaseException | None] = SimpleQueue()
    Thread(target=_pump, args=(events, queue), daemon=True).start()

    def redraw(_number: int, _frame: FrameType | None) -> None:
        queue.put(None)

    with _handled(_REDRAW, redraw):
        while True:
            try:
                event = queue.get(timeout=TICK_SECONDS)
            except Empty:
                event = None
            if isinstance(event, StopIteration):
                return
            if isinstance(event, BaseException):
                raise event
            yield event


def _pump(events: Iterator[E], queue: "SimpleQueue[E | BaseException | None]") -> None:
    try:
        for event in events:
            queue.put(event)
        queue.put(StopIteration())
    except BaseException as error:  # noqa: BLE001 - it is raised where the events are read
        queue.put(error)


@contextmanager
def ended_by_signals() -> Generator[None]:
    """Let SIGTERM and SIGHUP unwind the stack, so that files and screens are tidied."""

    def end(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    with _handled(_END, end):
        yield


@contextmanager
def _handled(
    numbers: tuple[signal.Signals, ...], handler: Callable[[int, FrameType | None], None]
) -> Generator[None]:
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)
