"""What a session's process may do: use its own directory, read its programs, talk to WhatsApp.

The engine handles what strangers send. Whoever takes it over finds himself an unprivileged user
who sees nobody else's files, processes and sockets.
"""

import os
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from waremind.whatsapp import landlock, seccomp
from waremind.whatsapp.prctl import (
    CAP_DAC_READ_SEARCH,
    CAP_SETUID,
    PR_SET_KEEPCAPS,
    PR_SET_NO_NEW_PRIVS,
    capabilities,
    die_with,
    prctl,
    use_capabilities,
)

NOBODY = 65534  # of another uid than PostgreSQL's, which root runs as waremind where it can

SYSTEM = ("/usr", "/lib", "/lib32", "/lib64", "/nix/store", "/gnu/store")
DEVICES = ("/dev/null", "/dev/urandom", "/dev/random")
# The name service and the certificates; no other file of /etc, where passwords lie.
NAMES = ("/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/host.conf", "/etc/gai.conf")
SETTINGS = (
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/services",
    "/etc/protocols",
    "/etc/magic",
    "/etc/ssl/certs",
    "/etc/ssl/cert.pem",
    "/etc/pki/tls/certs",
    "/etc/pki/ca-trust/extracted",
    "/etc/ca-certificates/extracted",
    # where resolv.conf may be a link to
    "/run/systemd/resolve",
    "/run/NetworkManager",
    "/run/resolvconf",
    "/run/connman",
    "/run/netconfig",
)


CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR")  # variables that name others


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A sandbox that this process is in; `names` are the name service's files that it can read."""

    names: Sequence[str]

    @property
    def is_stale(self) -> bool:
        """Whether such a file was replaced: our rules are about the old one, for good."""
        return not all(map(_is_open_to_us, self.names))


def lacks() -> list[str]:
    """List the protections that this machine cannot give to sessions, each as a clause."""
    found: list[str] = []
    if not landlock.version():
        found.append(
            "the kernel has no Landlock, or forbids it: nothing keeps sessions from others' files"
        )
    if not seccomp.is_available():
        found.append("system calls cannot be filtered by this kernel, or not on this architecture")
    if os.geteuid() == 0 and not _may_change_uid():
        found.append("root without CAP_SETUID cannot give sessions another uid")
    return found


def session_uid() -> int:
    """Return the uid that sessions' processes have: ours, or nobody's when we are root."""
    return NOBODY if os.geteuid() == 0 and _may_change_uid() else os.geteuid()


def _may_change_uid() -> bool:
    return bool(capabilities("CapEff") & CAP_SETUID)


def enter(directory: Path, names: Sequence[str] = NAMES) -> Sandbox:
    """Confine this process, which has one thread, to a session's `directory`, for good.

    What `lacks` lists is left out. Raises OSError when the rest cannot be had.
    """
    programs = list(_programs())
    _give_up_privileges([path for path in (directory, *programs) if path.exists()])
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    if landlock.version():
        given = [os.environ[name] for name in CERTIFICATES if name in os.environ]
        readable = [*programs, *map(Path, (*SYSTEM, *DEVICES, *SETTINGS, *names, *given))]
        landlock.restrict(readable, [directory])
    if seccomp.is_available():
        seccomp.refuse_calls()
    return Sandbox([name for name in names if _is_open_to_us(name)])


def make_directory(directory: Path) -> None:
    """Make a session's directory, which only its process can enter, in its account's.

    What is still ours in it is handed over once; after that nothing in it is touched, as a link
    there may lead anywhere.
    """
    uid = session_uid()
    make_parents(directory)
    directory.mkdir(mode=0o700, exist_ok=True)
    directory.chmod(0o700)
    if directory.stat().st_uid != uid:
        for path in (*directory.iterdir(), directory):
            os.chown(path, uid, uid, follow_symlinks=False)


def make_parents(directory: Path) -> None:
    """Make what a session's directory lies in."""
    mode = 0o700 if session_uid() == os.geteuid() else 0o711  # another's process has to pass
    for place in (directory.parent.parent, directory.parent):
        if not place.exists():
            place.mkdir(parents=True)
            place.chmod(mode)


def _programs() -> Iterable[Path]:
    """Find Python, its libraries, and neonize wherever it is."""
    spec = find_spec("neonize")
    engine = spec.submodule_search_locations if spec else None
    places = {sys.prefix, sys.base_prefix, sys.exec_prefix, *sys.path, *(engine or ())}
    return (Path(place) for place in sorted(places) if place)


def _give_up_privileges(needed: Sequence[Path]) -> None:
    """Leave root, and keep no capability unless what is needed lies behind closed doors.

    As Python below /root: then the one to read anything, in which Landlock still tells apart.
    """
    if session_uid() != os.geteuid():
        _leave_root()
    if (held := capabilities("CapPrm")) == 0:
        return
    spare = held & CAP_DAC_READ_SEARCH
    use_capabilities(permitted=spare, effective=0)
    if all(os.access(path, os.R_OK) for path in needed):
        spare = 0
    use_capabilities(permitted=spare, effective=spare)


def _leave_root() -> None:
    parent = os.getppid()
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    prctl(PR_SET_KEEPCAPS, 1)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    die_with(parent)


def _is_open_to_us(name: str) -> bool:
    """Tell whether a file can be read; one that is missing can be, as nothing hides it."""
    with suppress(FileNotFoundError):
        try:
            os.close(os.open(name, os.O_RDONLY | os.O_CLOEXEC))
        except PermissionError:
            return False
    return True
