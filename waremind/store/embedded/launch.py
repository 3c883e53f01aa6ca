"""Become another program that cannot outlive its parent; run by its path, never imported.

python -I -S launch.py PARENT IDENTITY DIRECTORY PROGRAM [ARGUMENT]...

PARENT is the pid whose death ends the program (SIGINT: PostgreSQL's fast shutdown), IDENTITY is
`self`, `namespace` or `UID:GID[:CAPABILITY]`, DIRECTORY is where the program starts. A program of
its own, and not subprocess's preexec_fn, because that may deadlock in a process with threads; and
not setpriv of util-linux, because minimal images lack it and it does not notice a parent that is
already dead.
"""

import contextlib
import ctypes
import os
import signal
import struct
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1
PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP = 28, 4
CAP_SETUID, CAP_SETPCAP = 7, 8
PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 47, 2
CAPABILITY_VERSION = 0x20080522  # capset(2): two words for each of the three sets
CLONE_NEWUSER = 0x10000000
NOBODY = 65534
libc = ctypes.CDLL(None, use_errno=True)


def main() -> None:
    """Take on the identity, tie this process to its parent, become the program."""
    parent, identity, directory, program = sys.argv[1:5]
    try:
        become(identity)
        os.chdir(directory)
        # After the identity: the kernel forgets the death signal when credentials change.
        check(libc.prctl(PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0), "prctl")
        if os.getppid() != int(parent):  # it died before it could be watched
            sys.exit(1)
        os.execv(program, sys.argv[4:])  # noqa: S606  # becoming the program is the point
    except OSError as error:
        sys.exit(f"{error.filename or program}: {error.strerror}")


def become(identity: str) -> None:
    """Turn into `identity`; PostgreSQL refuses to run as uid 0."""
    if identity == "namespace":
        enter_namespace()
    elif identity != "self":
        uid, gid, *kept = map(int, identity.split(":"))
        os.setgroups([])
        os.setresgid(gid, gid, gid)
        for capability in kept:
            # Where it is withheld, what the program may not do tells more than this refusal.
            with contextlib.suppress(PermissionError):
                keep(capability)
        os.setresuid(uid, uid, uid)


def keep(capability: int) -> None:
    """Have this capability alone once we are another user, and then another program."""
    kept = 1 << capability
    now = kept | 1 << CAP_SETUID | 1 << CAP_SETPCAP
    header = struct.pack("=Ii", CAPABILITY_VERSION, 0)
    check(libc.capset(header, struct.pack("=6I", now, now, kept, 0, 0, 0)), "capset")
    # Without the fix-up, access(2), which initdb believes, counts the capability too.
    check(libc.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0), "prctl")
    check(libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0), "prctl")


def enter_namespace() -> None:
    """Be nobody in a user namespace of our own: what belonged to us still does."""
    uid = os.geteuid()
    check(libc.unshare(CLONE_NEWUSER), "user namespace")
    Path("/proc/self/uid_map").write_text(f"{NOBODY} {uid} 1", encoding="ascii")


def check(result: int, what: str) -> None:
    """Raise what a C function reported."""
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)


if __name__ == "__main__":
    main()
