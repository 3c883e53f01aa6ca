"""The wall clock: what time it is, and sleeping until a time of it, however it is set meanwhile."""

import asyncio
import ctypes
import errno
import os
from datetime import UTC, datetime
from typing import Protocol, Self

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
    """The kernel's real-time clock, waited on by one timerfd for all (timerfd_create(2)).

    An absolute timer needs no polling to notice that the clock jumped or that the machine was
    suspended: the kernel cancels it (TFD_TIMER_CANCEL_ON_SET), or it fires when due on resume.
    """

    def __init__(self) -> None:
        self._timer = _checked(_libc.timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC))
        self._loop: asyncio.AbstractEventLoop | None = None
        self._sleepers: dict[asyncio.Future[None], datetime | None] = {}

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the timer; nobody sleeps any more."""
        if self._loop and not self._loop.is_closed():
            self._loop.remove_reader(self._timer)
        os.close(self._timer)

    def now(self) -> datetime:
        """Say what time it is, in UTC."""
        return datetime.now(UTC)

    async def sleep_until(self, at: datetime | None) -> None:
        """Return at `at` (None: never), or earlier when the clock was set."""
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            self._loop.add_reader(self._timer, self._on_timer)
        woken: asyncio.Future[None] = self._loop.create_future()
        self._sleepers[woken] = at
        try:
            self._arm()
            await woken
        finally:
            del self._sleepers[woken]

    def _on_timer(self) -> None:
        """Wake whose time has come; all of them when the clock was set."""
        try:
            os.read(self._timer, 8)
        except BlockingIOError:
            return
        except OSError as error:
            self._wake(was_set=error.errno == errno.ECANCELED)
        else:
            self._wake(was_set=False)
        self._arm()

    def _wake(self, *, was_set: bool) -> None:
        now = self.now()
        for woken, at in self._sleepers.items():
            if not woken.done() and (was_set or (at and at <= now)):
                woken.set_result(None)

    def _arm(self) -> None:
        """Let the timer fire when the first of those who sleep is due."""
        times = (at for woken, at in self._sleepers.items() if at and not woken.done())
        try:
            _settime(self._timer, min(times, default=None))
        except OSError as error:
            if error.errno != errno.ECANCELED:  # armed, and the clock was set since it last was
                raise
            self._wake(was_set=True)


def _settime(timer: int, at: datetime | None) -> None:
    microseconds = 0 if at is None else round(at.timestamp() * 1_000_000)
    seconds, rest = divmod(microseconds, 1_000_000) if at else (FAR, 0)
    # A value of zero would disarm the timer.
    value = _Itimerspec(_Timespec(0, 0), _Timespec(max(0, seconds), max(1, rest * 1000)))
    flags = TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET
    _checked(_libc.timerfd_settime(timer, flags, ctypes.byref(value), None))


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
