"""What a process asks of the kernel about itself: prctl(2) and capset(2)."""

import ctypes
import os
import signal
import struct
from pathlib import Path

PR_SET_PDEATHSIG, PR_SET_KEEPCAPS, PR_SET_NO_NEW_PRIVS = 1, 8, 38
PR_GET_SECCOMP, PR_SET_SECCOMP = 21, 22
CAP_DAC_READ_SEARCH, CAP_SETUID = 1 << 2, 1 << 7  # capabilities(7), as sets
CAPABILITY_VERSION = 0x20080522  # capset(2): two words for each of the three sets
libc = ctypes.CDLL(None, use_errno=True)


def prctl(option: int, *arguments: object) -> None:
    """Change something of this process; the kernel takes numbers as longs. Raises OSError."""
    longs = [ctypes.c_ulong(each) if isinstance(each, int) else each for each in arguments]
    check(libc.prctl(option, *longs, *[ctypes.c_ulong(0)] * (4 - len(longs))))


def check(result: int) -> int:
    """Return what a C function returned; raises the OSError that it reported."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def die_with(parent: int) -> None:
    """Have the kernel kill this process when its parent is gone, however hung it is then.

    To be asked for anew after the process has changed its uid: the kernel forgets it then.
    """
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)


def use_capabilities(*, permitted: int, effective: int) -> None:
    """Give up every capability but those of these sets. Raises OSError."""
    header = struct.pack("=Ii", CAPABILITY_VERSION, 0)
    check(libc.capset(header, struct.pack("=6I", effective, permitted, 0, 0, 0, 0)))


def capabilities(which: str) -> int:
    """Return the set of this process's capabilities that proc(5) calls `which`."""
    lines = Path("/proc/self/status").read_text().splitlines()
    [mask] = [line.split()[1] for line in lines if line.startswith(which)]
    return int(mask, 16)
