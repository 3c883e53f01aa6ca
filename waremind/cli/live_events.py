"""A stream of events in which the clock and the terminal have their say, too."""

import signal
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from enum import Enum, auto
from queue import Empty, SimpleQueue
from threading import Thread
from types import FrameType
from typing import TypeVar

E = TypeVar("E")


class Moment(Enum):
    """What there is to do between events."""

    CLOCK = auto()  # look at the clock
    REDRAW = auto()  # the terminal has another size, or somebody else has drawn on it
    STOP = auto()  # Ctrl-Z


_MOMENTS = {
    signal.SIGWINCH: Moment.REDRAW,
    signal.SIGCONT: Moment.REDRAW,
    signal.SIGTSTP: Moment.STOP,
}
_END = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


def live_events(events: Iterator[E], every_seconds: float = 1.0) -> Iterator[E | Moment]:
    """Yield each event as it comes; in between, yield what the clock and the terminal ask for.

    `Moment.CLOCK` comes when nothing else has come for `every_seconds`.

    Raises whatever `events` raises.
    """
    # Its `put` is allowed in signal handlers, unlike that of queue.Queue.
    queue: SimpleQueue[E | BaseException | Moment] = SimpleQueue()
    Thread(target=_pump, args=(events, queue), daemon=True).start()

    def wake(number: int, _frame: FrameType | None) -> None:
        queue.put(_MOMENTS[signal.Signals(number)])

    with _handled(_MOMENTS, wake):
        while True:
            try:
                event = queue.get(timeout=every_seconds)
            except Empty:
                event = Moment.CLOCK
            if isinstance(event, StopIteration):
                return
            if isinstance(event, BaseException):
                raise event
            yield event


def _pump(events: Iterator[E], queue: "SimpleQueue[E | BaseException | Moment]") -> None:
    try:
        for event in events:
            queue.put(event)
        queue.put(StopIteration())
    except BaseException as error:  # noqa: BLE001 - it is raised where the events are read
        queue.put(error)


def stop() -> None:
    """Stop this process as Ctrl-Z does to one that has no handler, until it is told to go on."""
    with _handled([signal.SIGTSTP], signal.SIG_DFL):
        signal.raise_signal(signal.SIGTSTP)


@contextmanager
def ended_by_signals() -> Generator[None]:
    """Let the signals that end a process unwind the stack, so that files and screens are tidied."""

    def end(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    with _handled(_END, end):
        yield


@contextmanager
def _handled(
    numbers: Iterable[signal.Signals],
    handler: Callable[[int, FrameType | None], None] | signal.Handlers,
) -> Generator[None]:
    """Handle signals, but those that whoever started us wants ignored, as nohup does."""
    heard = [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, handler) for number in heard}
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)
