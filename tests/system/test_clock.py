"""The wall clock, waited on by the kernel's timer."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from waremind.daemon.system.clock import WallClock

pytestmark = pytest.mark.anyio


PAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(1, 1, 1, tzinfo=UTC)


@pytest.fixture
def clock() -> Iterator[WallClock]:
    with WallClock() as clock:
        yield clock


def soon(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


async def is_waiting(work: Coroutine[None, None, None]) -> bool:
    """Tell whether something still waits after a moment; it is cancelled then."""
    task = asyncio.create_task(work)
    _, waiting = await asyncio.wait([task], timeout=0.2)
    task.cancel()
    await asyncio.wait([task])
    return bool(waiting)


async def test_it_tells_the_time_in_utc(clock: WallClock) -> None:
    assert clock.now().tzinfo is UTC
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=1)


async def test_it_wakes_at_the_time_and_not_before(clock: WallClock) -> None:
    at = soon(0.15)
    await clock.sleep_until(at)
    assert timedelta(0) <= clock.now() - at < timedelta(seconds=1)


@pytest.mark.parametrize("past", [soon(-0.001), soon(-86400), *PAST])
async def test_a_time_that_is_past_is_not_waited_for(past: datetime, clock: WallClock) -> None:
    async with asyncio.timeout(1):
        await clock.sleep_until(past)


async def test_with_nothing_to_wait_for_it_waits(clock: WallClock) -> None:
    assert await is_waiting(clock.sleep_until(None))


async def test_a_far_time_is_waited_for(clock: WallClock) -> None:
    assert await is_waiting(clock.sleep_until(datetime(9999, 12, 31, tzinfo=UTC)))


async def test_many_wait_at_once_by_one_descriptor(clock: WallClock) -> None:
    before = len(timers())
    at = [soon(0.05 * (each % 5)) for each in range(50)]
    async with asyncio.timeout(5):
        await asyncio.gather(*map(clock.sleep_until, at))
    assert await is_waiting(clock.sleep_until(None))
    assert len(timers()) == before


async def test_who_sleeps_longest_does_not_delay_who_comes_after_it(clock: WallClock) -> None:
    far = asyncio.create_task(clock.sleep_until(soon(3600)))
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await clock.sleep_until(soon(0.05))
    assert not far.done()
    far.cancel()
    await asyncio.wait([far])


@pytest.mark.parametrize("at", [None, soon(3600)])
async def test_the_kernel_wakes_it_when_somebody_sets_the_clock(
    at: datetime | None, clock: WallClock
) -> None:
    sleeping = asyncio.create_task(clock.sleep_until(at))
    await asyncio.sleep(0)
    timer = timers()[-1]
    assert "clockid: 0" in timer  # CLOCK_REALTIME
    assert "settime flags: 03" in timer  # TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET
    sleeping.cancel()
    await asyncio.wait([sleeping])


def timers() -> list[str]:
    """Read what the kernel says of this process's timers."""
    found = []
    for descriptor in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # the directory's own
            if "timerfd" in str(descriptor.readlink()):
                found.append(Path("/proc/self/fdinfo", descriptor.name).read_text())
    return found
