"""A filter of system calls (seccomp(2)): what Landlock does not see, a session must not ask for.

Landlock knows files; connecting to a socket by its path, changing modes and owners, and, on most
kernels, signals are none of its business.
"""

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from waremind.whatsapp.prctl import PR_GET_SECCOMP, PR_SET_SECCOMP, libc, prctl

SECCOMP_MODE_FILTER = 2
# Instructions of a classic BPF program, and what it returns.
LOAD, JUMP_EQUAL, JUMP_AT_LEAST, JUMP_ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
ALLOW, ERROR = 0x7FFF0000, 0x00050000
# Where a call's number, its architecture and its arguments lie in `struct seccomp_data`.
NUMBER_AT, ARCHITECTURE_AT, ARGUMENTS_AT = 0, 4, 16
X32 = 0x40000000  # x86-64's other numbering of the same calls


class Machine(NamedTuple):
    """An architecture: its audit number, and its column in the tables below."""

    audit: int
    column: int


MACHINES = {"x86_64": Machine(0xC000003E, 0), "aarch64": Machine(0xC00000B7, 1)}
Numbers = tuple[int | None, int | None]

# Calls that no session needs, by their numbers on x86-64 and aarch64 (None: there is no such call).
REFUSED: dict[str, Numbers] = {
    # other programs, other processes
    "execve": (59, 221),
    "execveat": (322, 281),
    "fork": (57, None),
    "vfork": (58, None),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "process_mrelease": (448, 448),
    "kcmp": (312, 272),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424),
    "tkill": (200, 130),
    "setpriority": (141, 140),
    "ioprio_set": (251, 30),
    "sched_setparam": (142, 118),
    "sched_setscheduler": (144, 119),
    "sched_setattr": (314, 274),
    "sched_setaffinity": (203, 122),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
    # files' modes, owners, times and attributes, of which Landlock has none
    "chmod": (90, None),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "chown": (92, None),
    "fchown": (93, 55),
    "lchown": (94, None),
    "fchownat": (260, 54),
    "utime": (132, None),
    "utimes": (235, None),
    "futimesat": (261, None),
    "utimensat": (280, 88),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "fremovexattr": (199, 16),
    "setxattrat": (463, 463),
    "removexattrat": (466, 466),
    "truncate": (76, 45),  # Landlock sees it from Linux 6.2 on
    "open_by_handle_at": (304, 265),
    # memory and messages by key, as PostgreSQL's
    "shmget": (29, 194),
    "shmat": (30, 196),
    "shmctl": (31, 195),
    "semget": (64, 190),
    "semop": (65, 193),
    "semtimedop": (220, 192),
    "semctl": (66, 191),
    "msgget": (68, 186),
    "msgsnd": (69, 189),
    "msgrcv": (70, 188),
    "msgctl": (71, 187),
    "mq_open": (240, 180),
    "mq_unlink": (241, 181),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    # ways around all this, and most ways into the kernel
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "fanotify_init": (300, 262),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
}
CLONE3: Numbers = (435, 435)  # its flags lie in memory; who gets ENOSYS asks by clone
CLONE: Numbers = (56, 220)
CLONE_THREAD = 0x00010000

AF_UNIX = 1
F_SETOWN, F_SETSIG, F_SETOWN_EX = 8, 10, 15
FIOSETOWN, SIOCSPGRP, TIOCSTI = 0x8901, 0x8902, 0x5412
# Calls refused with one of these values as the argument of that index.
REFUSED_WITH: dict[str, tuple[Numbers, int, Sequence[int]]] = {
    "socket": ((41, 198), 0, [AF_UNIX]),
    "socketpair": ((53, 199), 0, [AF_UNIX]),  # one of datagrams could be sent anywhere
    "fcntl": ((72, 25), 1, [F_SETOWN, F_SETSIG, F_SETOWN_EX]),  # signals by the back door
    "ioctl": ((16, 29), 1, [FIOSETOWN, SIOCSPGRP, TIOCSTI]),
}
# Calls whose first argument says to which process: only to oneself.
SIGNALS: dict[str, Numbers] = {
    "kill": (62, 129),
    "tgkill": (234, 131),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
}
PRLIMIT64: Numbers = (302, 261)  # to it, 0 is oneself too


def is_available() -> bool:
    """Tell whether this kernel can filter calls, and we know them by their numbers."""
    return platform.machine() in MACHINES and libc.prctl(PR_GET_SECCOMP) >= 0


def refuse_calls() -> None:
    """Have the kernel refuse these calls to this thread, and to those that it starts, for good.

    The process must have given up new privileges. Raises OSError.
    """
    program = b"".join(_program(MACHINES[platform.machine()], os.getpid()))
    buffer = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(buffer))
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, header)


def _program(machine: Machine, pid: int) -> Iterator[bytes]:
    yield _instruction(LOAD, ARCHITECTURE_AT)
    yield _instruction(JUMP_EQUAL, machine.audit, no=2)
    yield _instruction(LOAD, NUMBER_AT)
    yield _instruction(JUMP_AT_LEAST, X32, no=1)
    yield _refuse()
    for numbers in REFUSED.values():
        yield from _on(numbers[machine.column], [_refuse()])
    yield from _on(CLONE3[machine.column], [_refuse(errno.ENOSYS)])
    yield from _on(CLONE[machine.column], _only_threads())
    for numbers, argument, values in REFUSED_WITH.values():
        yield from _on(numbers[machine.column], _refused_with(argument, values))
    for numbers in SIGNALS.values():
        yield from _on(numbers[machine.column], _only_with([pid]))
    yield from _on(PRLIMIT64[machine.column], _only_with([0, pid]))
    yield _instruction(RETURN, ALLOW)


def _on(number: int | None, verdict: Iterable[bytes]) -> Iterator[bytes]:
    """Do what ends in a verdict for one call; the others pass by."""
    steps = list(verdict)
    if number is not None:
        yield _instruction(JUMP_EQUAL, number, no=len(steps))
        yield from steps


def _only_threads() -> Iterator[bytes]:
    yield _instruction(LOAD, ARGUMENTS_AT)
    yield _instruction(JUMP_ANY_BIT, CLONE_THREAD, no=1)
    yield _instruction(RETURN, ALLOW)
    yield _refuse()


def _refused_with(argument: int, values: Sequence[int]) -> Iterator[bytes]:
    yield _instruction(LOAD, ARGUMENTS_AT + 8 * argument)
    for value in values:
        yield _instruction(JUMP_EQUAL, value, no=1)
        yield _refuse()
    yield _instruction(RETURN, ALLOW)


def _only_with(values: Sequence[int]) -> Iterator[bytes]:
    yield _instruction(LOAD, ARGUMENTS_AT)
    for value in values:
        yield _instruction(JUMP_EQUAL, value, no=1)
        yield _instruction(RETURN, ALLOW)
    yield _refuse()


def _refuse(number: int = errno.EPERM) -> bytes:
    return _instruction(RETURN, ERROR | number)


def _instruction(code: int, value: int, *, no: int = 0) -> bytes:
    """Encode an instruction; a jump whose test fails skips `no` instructions."""
    return struct.pack("=HBBI", code, 0, no, value)
