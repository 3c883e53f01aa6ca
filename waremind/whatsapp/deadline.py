"""Until when the sessions of this daemon may send: eight bytes of memory that they all see.

A daemon that hangs, or is cut off from the database, has no other way to stop them in time. The
clock also counts while a process or the machine sleeps.
"""

import mmap
import os
import time

NEVER = (1 << 63) - 1
BYTES = 8


def boottime() -> float:
    """Say what time it is on the clock of deadlines, in seconds."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class SeenDeadline:
    """The deadline in a session's process, which maps its `descriptor` and cannot change it."""

    def __init__(self, descriptor: int) -> None:
        page = mmap.mmap(descriptor, BYTES, prot=mmap.PROT_READ)
        os.close(descriptor)
        self._moment = memoryview(page).cast("q")

    @property
    def is_over(self) -> bool:
        """Whether nothing may be sent any more."""
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME) >= self._moment[0]


class Deadline:
    """The deadline as the daemon writes it, in nanoseconds; `descriptor` is for the sessions."""

    def __init__(self) -> None:
        self.descriptor = os.memfd_create("waremind-deadline", os.MFD_CLOEXEC)
        os.ftruncate(self.descriptor, BYTES)
        self._moment = memoryview(mmap.mmap(self.descriptor, BYTES)).cast("q")
        self._moment[0] = NEVER

    def put(self, seconds: float) -> None:
        """Let sessions send until then."""
        self._moment[0] = max(0, int(seconds * 1e9))

    def end(self) -> None:
        """Let nothing be sent from now on."""
        self._moment[0] = 0
