"""The wall clock, waited on by the kernel's timer."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from waremind.daemon.system.clock import WallClock

pytestmark = pytest.mark.anyio

CLOCK = WallClock()


PAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(1, 1, 1, tzinfo=UTC)


def soon(seconds: float) -> datetime:
    return CLOCK.now() + timedelta(seconds=seconds)


async def is_waiting(work: Coroutine[None, None, None]) -> bool:
    """Tell whether something still waits after a moment; it is cancelled then."""
    task = asyncio.create_task(work)
    _, waiting = await asyncio.wait([task], timeout=0.2)
    task.cancel()
    await asyncio.wait([task])
    return bool(waiting)


async def test_it_tells_the_time_in_utc() -> None:
    assert CLOCK.now().tzinfo is UTC
    assert abs(CLOCK.now() - datetime.now(UTC)) < timedelta(seconds=1)


async def test_it_wakes_at_the_time_and_not_before() -> None:
    at = soon(0.15)
    await CLOCK.sleep_until(at)
    assert timedelta(0) <= CLOCK.now() - at < timedelta(seconds=1)


@pytest.mark.parametrize("past", [soon(-0.001), soon(-86400), *PAST])
async def test_a_time_that_is_past_is_not_waited_for(past: datetime) -> None:
    async with asyncio.timeout(1):
        await CLOCK.sleep_until(past)


async def test_with_nothing_to_wait_for_it_waits() -> None:
    assert await is_waiting(CLOCK.sleep_until(None))


async def test_a_far_time_is_waited_for() -> None:
    assert await is_waiting(CLOCK.sleep_until(datetime(9999, 12, 31, tzinfo=UTC)))


async def test_many_wait_at_once_and_leave_no_descriptor_open() -> None:
    async with asyncio.timeout(5):
        await asyncio.gather(*(CLOCK.sleep_until(soon(0.05)) for _ in range(50)))
    await is_waiting(CLOCK.sleep_until(None))
    assert timers() == []


@pytest.mark.parametrize("at", [None, soon(3600)])
async def test_the_kernel_wakes_it_when_somebody_sets_the_clock(at: datetime | None) -> None:
    sleeping = asyncio.create_task(CLOCK.sleep_until(at))
    await asyncio.sleep(0)
    (timer,) = timers()
    assert "clockid: 0" in timer  # CLOCK_REALTIME
    assert "settime flags: 03" in timer  # TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET
    sleeping.cancel()
    await asyncio.wait([sleeping])
    assert timers() == []


def timers() -> list[str]:
    """Read what the kernel says of this process's timers."""
    found = []
    for descriptor in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # the directory's own
            if "timerfd" in str(descriptor.readlink()):
                found.append(Path("/proc/self/fdinfo", descriptor.name).read_text())
    return found
