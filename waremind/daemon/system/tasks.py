"""Work that runs beside: its failure belongs to whoever waits for it, and never ends the daemon."""

import asyncio
import contextlib
import logging
from collections.abc import (
    AsyncGenerator,
    Awaitable,
    Callable,
    Coroutine,
    Iterable,
    Sequence,
)
from typing import Any, NoReturn, TypeVar

from waremind.daemon.system.failures import Failures
from waremind.daemon.system.logs import event
from waremind.errors import ErrorCode, WaremindError

T = TypeVar("T")

log = logging.getLogger(__name__)


def spawn(tasks: asyncio.TaskGroup, work: Coroutine[Any, Any, T]) -> asyncio.Future[T]:
    """Run `work` in the task group; the future gets its result, or its WaremindError."""
    future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
    future.add_done_callback(_log_failure)
    tasks.create_task(settle(future, work))
    return future


def _log_failure(done: asyncio.Future[Any]) -> None:
    """Log why there is no result: nobody may be waiting for it."""
    error = None if done.cancelled() else done.exception()
    if isinstance(error, WaremindError) and error.code is not ErrorCode.INTERNAL:
        event(log, "cannot finish", logging.WARNING, reason=error, hint=error.hint)


async def settle(future: asyncio.Future[T], work: Coroutine[Any, Any, T], **about: object) -> None:
    """Give the future what `work` returns, or its WaremindError; a bug is logged with `about`."""
    try:
        result = await work
    except asyncio.CancelledError:
        future.cancel()
        raise
    except WaremindError as error:
        _fail(future, error)
    except Exception as error:
        log.exception("a bug", extra={"fields": about})
        _fail(future, WaremindError(ErrorCode.INTERNAL, f"cannot go on: {error!r}"))
    else:
        if not future.done():
            future.set_result(result)


def _fail(future: asyncio.Future[Any], error: WaremindError) -> None:
    if not future.done():
        future.set_exception(error)


async def run_forever(
    failures: Failures,
    work: str,
    round_: Callable[[], Awaitable[bool]],
    rest: Callable[[], Awaitable[None]],
    *,
    patience_seconds: float,
) -> NoReturn:
    """Do `round_` for ever, and `rest` after each that returns False: there is nothing more to do.

    A failure, PostgreSQL away or a bug, is noted as that of `work` until a round succeeds.
    """
    while True:
        try:
            more = await round_()
        except Exception as error:  # noqa: BLE001 - it is noted, and nothing can end the daemon
            failures.note(work, error)
            await asyncio.sleep(patience_seconds)
        else:
            failures.clear(work)
            if not more:
                await rest()


async def run_every(
    seconds: float, failures: Failures, work: str, do: Callable[[], Awaitable[None]]
) -> NoReturn:
    """Do `do` for ever, so many seconds after it has ended or failed, as `run_forever` does."""

    async def round_() -> bool:
        await do()
        return False

    async def rest() -> None:
        await asyncio.sleep(seconds)

    await run_forever(failures, work, round_, rest, patience_seconds=seconds)


@contextlib.asynccontextmanager
async def running(
    works: Iterable[Coroutine[Any, Any, T]],
) -> AsyncGenerator[list[asyncio.Task[T]]]:
    """Have all of these done beside the body; what the body does not wait for is cancelled."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        yield tasks
    finally:
        await _cancelled(tasks)


_left: set[asyncio.Task[Any]] = set()


async def within(seconds: float, work: Awaitable[T]) -> T:
    """Wait no longer than so for `work`; raises TimeoutError, or what it raises.

    Whoever asks a silent PostgreSQL cannot be cancelled at once: it is left behind to end.
    """
    task = asyncio.ensure_future(work)
    _left.add(task)
    task.add_done_callback(_forget)
    done, _ = await asyncio.wait([task], timeout=seconds)
    if not done:
        task.cancel()
        raise TimeoutError
    return task.result()


def _forget(task: asyncio.Task[Any]) -> None:
    _left.discard(task)
    if not task.cancelled():
        task.exception()  # heard already, or no longer waited for


async def wait_first(*waits: Coroutine[Any, Any, object]) -> None:
    """Wait until one of them returns; the others are cancelled."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await _cancelled(tasks)


async def _cancelled(tasks: Sequence[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
