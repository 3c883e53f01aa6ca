"""One line, redrawn by rich: what a command waits for, how much is done, and until when."""

import sys
from collections.abc import Iterator
from contextlib import closing
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from waremind.cli.live_events import Moment, live_events, stop
from waremind.cli.output import Output
from waremind.cli.terminal import in_foreground
from waremind.domain.characters import escaped

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

T = TypeVar("T")

_AT_ONCE_SECONDS = 0.4  # what takes no longer needs no line
_REDRAW_SECONDS = 0.1


class Step(NamedTuple):
    """How far something is: `done` of `total`, which is 0 when nobody knows it."""

    done: int = 0
    total: int = 0


class Progress:
    """Draws the line on stderr's terminal, and takes it away at the end."""

    def __init__(self, output: Output, what: str, limit_seconds: float) -> None:
        self._output = output
        self._what = escaped(what)
        self._limit_seconds = limit_seconds
        self._begun = monotonic()
        self._step = Step()
        self._live: RichProgress | None = None  # while the line is there

    def update(self, step: Step | None = None) -> None:
        """Draw the line as things are now, where a person watches."""
        if not self._output.draws(sys.stderr):
            return
        self._step = step or self._step
        elapsed = monotonic() - self._begun
        if elapsed < _AT_ONCE_SECONDS or not in_foreground(sys.stderr):
            return
        done, total = self._step
        clock = f"{elapsed:.0f} s of at most {self._limit_seconds:.0f} s"
        if self._live is None:
            self._live = _line(bar=total > 1)
            self._live.add_task(self._what, total=total or None, completed=done, clock=clock)
            self._live.start()
        [task] = self._live.task_ids
        self._live.update(task, completed=done, clock=clock)
        self._live.refresh()

    def pause(self) -> None:
        """Take the line away, until it is drawn again."""
        if self._live is not None:
            self._live.stop()
        self._live = None

    close = pause


def _line(*, bar: bool) -> "RichProgress":
    from rich.progress import (  # noqa: PLC0415 - 40 ms, for what takes longer
        BarColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
    )
    from rich.table import Column  # noqa: PLC0415

    from waremind.cli.drawing import console_of  # noqa: PLC0415

    console = console_of(sys.stderr)
    name = Column(no_wrap=True, overflow="ellipsis")
    return Progress(
        SpinnerColumn("dots" if console.encoding.startswith("utf") else "line"),
        TextColumn("{task.description}", markup=False, table_column=name),
        *(
            (BarColumn(20, complete_style="green", finished_style="green"), MofNCompleteColumn())
            if bar
            else ()
        ),
        TextColumn("{task.fields[clock]}", style="dim"),
        console=console,
        transient=True,
        auto_refresh=False,
        redirect_stdout=False,
        redirect_stderr=False,
    )


def followed(output: Output, steps: Iterator[tuple[Step, T]], what: str, limit_seconds: float) -> T:
    """Exhaust `steps` and return its last result; meanwhile a person sees how far it is.

    Raises whatever `steps` raises.
    """
    last: list[T] = []
    with closing(Progress(output, what, limit_seconds)) as line:
        for event in live_events(steps, _REDRAW_SECONDS) if output.draws(sys.stderr) else steps:
            match event:
                case Moment.STOP:
                    line.pause()
                    stop()
                case Moment.REDRAW:
                    line.pause()
                case Moment.CLOCK:
                    line.update()
                case step, result:
                    last = [result]
                    line.update(step)
    return last[0]
