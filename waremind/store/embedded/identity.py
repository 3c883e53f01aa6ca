"""Whom PostgreSQL runs as: it refuses uid 0, so root has to give it another identity."""

import os
import pwd
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SYSTEM_USER = "waremind"
CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 1, 2  # capabilities(7)
CURE = (
    "see that the daemon's user may run PostgreSQL's programs; for root: let others pass the "
    "state directory (chmod o+x) and add a system user waremind; or set database.url"
)


NAMELESS_CURE = (
    "initdb wants the name of whom it runs as, and uid {uid} has no entry in /etc/passwd: add one "
    "(echo 'waremind:x:{uid}:{gid}::/:/sbin/nologin' >> /etc/passwd), run as a user who has one, "
    "or set database.url"
)


@dataclass(frozen=True)
class Identity:
    """A way to run: `word` is launch.py's, `uid` and `gid` own the files as the kernel sees it."""

    word: str
    uid: int
    gid: int


def candidates(data: Path) -> Sequence[Identity]:
    """List the identities to try, best first; a cluster that exists has just one owner."""
    if os.geteuid() != 0:
        uid, gid = os.geteuid(), os.getegid()
        ourselves = (Identity("self", uid, gid),)
        # initdb wants the name of whom it runs as; in a namespace that is nobody's.
        make_it_in_a_namespace = is_nameless() and not data.exists()
        return (*([Identity("namespace", uid, gid)] if make_it_in_a_namespace else ()), *ourselves)
    if data.exists():
        owner = (data.stat().st_uid, data.stat().st_gid)
        return (_user(*owner), *_privileged(*owner)) if owner[0] else (_NAMESPACE,)
    system, nobody = _account(SYSTEM_USER), _account("nobody")
    # The namespace shares its uid with no other program, as nobody may; containers forbid it.
    plain = (*(_user(*each) for each in system), _NAMESPACE, *(_user(*each) for each in nobody))
    return (*plain, *(way for each in (*system, *nobody) for way in _privileged(*each)))


def is_nameless() -> bool:
    """Tell whether our uid has no name, as with `docker run --user` and on OpenShift."""
    try:
        pwd.getpwuid(os.geteuid())
    except KeyError:
        return True
    return False


def cure_of_initdb() -> str:
    """Say what to do where initdb fails for want of our name; nothing where we have one."""
    return NAMELESS_CURE.format(uid=os.geteuid(), gid=os.getegid()) if is_nameless() else ""


_NAMESPACE = Identity("namespace", 0, 0)


def _user(uid: int, gid: int) -> Identity:
    return Identity(f"{uid}:{gid}", uid, gid)


def _privileged(uid: int, gid: int) -> Sequence[Identity]:
    """List what a user needs to pass where only root may, as below /root.

    Reading anything, as in the namespace; containers take that and leave writing anything.
    """
    ways = (CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE)
    return [Identity(f"{uid}:{gid}:{capability}", uid, gid) for capability in ways]


def _account(name: str) -> Sequence[tuple[int, int]]:
    try:
        account = pwd.getpwnam(name)
    except KeyError:
        return ()
    return ((account.pw_uid, account.pw_gid),)
