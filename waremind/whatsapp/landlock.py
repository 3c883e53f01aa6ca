"""Landlock (landlock(7)): which files a process, and whatever it starts, may touch for good."""

import ctypes
import os
import struct
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from enum import IntFlag
from pathlib import Path

from waremind.whatsapp.prctl import check, libc

# System calls; their numbers are the same on every architecture.
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
VERSION_FLAG = 1
RULE_PATH_BENEATH = 1
# What no rule can allow again: sockets in the abstract namespace, and signals, of others.
SCOPES = 0b11
SCOPES_SINCE = 6  # the version of Landlock: Linux 6.12


class Access(IntFlag):
    """What a rule may allow, by the kernel's bits. EXECUTE and what makes devices is for none."""

    EXECUTE = 1 << 0
    WRITE_FILE = 1 << 1
    READ_FILE = 1 << 2
    READ_DIR = 1 << 3
    REMOVE_DIR = 1 << 4
    REMOVE_FILE = 1 << 5
    MAKE_CHAR = 1 << 6
    MAKE_DIR = 1 << 7
    MAKE_REG = 1 << 8
    MAKE_SOCK = 1 << 9
    MAKE_FIFO = 1 << 10
    MAKE_BLOCK = 1 << 11
    MAKE_SYM = 1 << 12
    REFER = 1 << 13
    TRUNCATE = 1 << 14
    IOCTL_DEV = 1 << 15


FIRST = Access(Access.REFER - 1)
SINCE = {2: Access.REFER, 3: Access.TRUNCATE, 5: Access.IOCTL_DEV}
OF_FILES = Access.EXECUTE | Access.WRITE_FILE | Access.READ_FILE | Access.TRUNCATE
READ = Access.READ_FILE | Access.READ_DIR
WRITE = (
    READ
    | Access.WRITE_FILE
    | Access.REMOVE_DIR
    | Access.REMOVE_FILE
    | Access.MAKE_DIR
    | Access.MAKE_REG
    | Access.REFER
    | Access.TRUNCATE
)


def version() -> int:
    """Return the kernel's version of Landlock; 0 when it has none, or none for us."""
    return max(0, _syscall(CREATE_RULESET, None, 0, VERSION_FLAG))


def restrict(readable: Iterable[Path], writable: Iterable[Path]) -> None:
    """Let this thread touch nothing but these files and what lies below these directories.

    What does not exist is left out. Threads that it starts later are bound too, and nothing lifts
    it. The process must have given up new privileges. Raises OSError.
    """
    supported = version()
    handled = FIRST | sum(bits for since, bits in SINCE.items() if since <= supported)
    with _ruleset(handled, SCOPES if supported >= SCOPES_SINCE else 0) as ruleset:
        for path in readable:
            _allow(ruleset, path, READ & handled)
        for path in writable:
            _allow(ruleset, path, WRITE & handled)
        check(_syscall(RESTRICT_SELF, ruleset, 0))


@contextmanager
def _ruleset(handled: int, scopes: int) -> Generator[int]:
    # An older kernel takes a longer attribute if what it does not know there is zero.
    attribute = struct.pack("=QQQ", handled, 0, scopes)
    ruleset = check(_syscall(CREATE_RULESET, attribute, len(attribute), 0))
    try:
        yield ruleset
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: Path, access: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not path.is_dir():
            access &= OF_FILES
        rule = struct.pack("=Qi", access, place)
        check(_syscall(ADD_RULE, ruleset, RULE_PATH_BENEATH, rule, 0))
    finally:
        os.close(place)


def _syscall(number: int, *arguments: int | bytes | None) -> int:
    longs = [ctypes.c_long(each) if isinstance(each, int) else each for each in arguments]
    return libc.syscall(ctypes.c_long(number), *longs)
