"""The wall clock: what time it is, and sleeping until a time of it, however it is set meanwhile."""

import asyncio
import ctypes
import os
from datetime import UTC, datetime
from typing import Protocol

_libc = ctypes.CDLL(None, use_errno=True)

CLOCK_REALTIME = 0
TFD_NONBLOCK = os.O_NONBLOCK
TFD_CLOEXEC = os.O_CLOEXEC
TFD_TIMER_ABSTIME = 1
TFD_TIMER_CANCEL_ON_SET = 2
FAR = 2**62  # seconds: with nothing to wait for, the timer still tells when the clock is set


class _Timespec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class _Itimerspec(ctypes.Structure):
    _fields_ = (("interval", _Timespec), ("value", _Timespec))


class Clock(Protocol):
    """A clock that can be waited on."""

    def now(self) -> datetime:
        """Say what time it is, in UTC."""
        ...

    async def sleep_until(self, at: datetime | None) -> None:
        """Return at `at` (None: never), or earlier when the clock was set or the machine slept."""
        ...


class WallClock:
    """The kernel's real-time clock, waited on by a timerfd (timerfd_create(2)).

    An absolute timer needs no polling to notice that the clock jumped or that the machine was
    suspended: the kernel cancels it (TFD_TIMER_CANCEL_ON_SET), or it fires when due on resume.
    """

    def now(self) -> datetime:
        """Say what time it is, in UTC."""
        return datetime.now(UTC)

    async def sleep_until(self, at: datetime | None) -> None:
        """Return at `at` (None: never), or earlier when the clock was set."""
        descriptor = _checked(_libc.timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC))
        loop = asyncio.get_running_loop()
        has_fired = asyncio.Event()
        loop.add_reader(descriptor, has_fired.set)
        try:
            _arm(descriptor, at)
            await has_fired.wait()
        finally:
            loop.remove_reader(descriptor)
            os.close(descriptor)


def _arm(descriptor: int, at: datetime | None) -> None:
    microseconds = 0 if at is None else round(at.timestamp() * 1_000_000)
    seconds, rest = divmod(microseconds, 1_000_000) if at else (FAR, 0)
    # A value of zero would disarm the timer.
    timer = _Itimerspec(_Timespec(0, 0), _Timespec(max(0, seconds), max(1, rest * 1000)))
    flags = TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET
    _checked(_libc.timerfd_settime(descriptor, flags, ctypes.byref(timer), None))


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
