"""Whom PostgreSQL runs as: it refuses uid 0, so root has to give it another identity."""

import os
import pwd
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SYSTEM_USER = "waremind"
CURE = (
    "see that the daemon's user may run PostgreSQL's programs; for root: let others pass the "
    "state directory (chmod o+x) and add a system user waremind; or set database.url"
)


@dataclass(frozen=True)
class Identity:
    """A way to run: `word` is launch.py's, `uid` and `gid` own the files as the kernel sees it."""

    word: str
    uid: int
    gid: int


def candidates(data: Path) -> Sequence[Identity]:
    """List the identities to try, best first; a cluster that exists has just one."""
    if os.geteuid() != 0:
        return (Identity("self", os.geteuid(), os.getegid()),)
    if data.exists():
        owner = data.stat()
        return (_user(owner.st_uid, owner.st_gid) if owner.st_uid else _NAMESPACE,)
    # The namespace shares its uid with no other program, as nobody may; containers forbid it.
    return (*_account(SYSTEM_USER), _NAMESPACE, *_account("nobody"))


_NAMESPACE = Identity("namespace", 0, 0)


def _user(uid: int, gid: int) -> Identity:
    return Identity(f"{uid}:{gid}", uid, gid)


def _account(name: str) -> Sequence[Identity]:
    try:
        account = pwd.getpwnam(name)
    except KeyError:
        return ()
    return (_user(account.pw_uid, account.pw_gid),)
