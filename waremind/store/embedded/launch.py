"""Become another program that cannot outlive its parent; run by its path, never imported.

python -I -S launch.py PARENT IDENTITY DIRECTORY PROGRAM [ARGUMENT]...

PARENT is the pid whose death ends the program (SIGINT: PostgreSQL's fast shutdown), IDENTITY is
`self`, `namespace` or `UID:GID`, DIRECTORY is where the program starts. A program of its own, and
not subprocess's preexec_fn, because that may deadlock in a process with threads; and not setpriv of
util-linux, because minimal images lack it and it does not notice a parent that is already dead.
"""

import ctypes
import os
import signal
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1
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
        uid, gid = map(int, identity.split(":"))
        os.setgroups([])
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)


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
