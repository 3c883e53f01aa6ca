"""Who has taken a session over: tries everything that is none of its business, and writes it down.

Runs in a session's process, where neonize would be loaded. `victims.json` beside it says whom to
attack; `attempts.json` has, for each attempt by name, what came of it: a reason, or null: it was
done.
"""

import ctypes
import errno
import json
import os
import platform
import resource
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path.cwd()
VICTIMS: dict[str, Any] = json.loads((HERE / "victims.json").read_text())
DAEMON: int = VICTIMS["daemon"]
SIBLING: int = VICTIMS["sibling"]
SECRETS = [Path(path) for path in VICTIMS["secrets"]]
PLACES = [Path(path) for path in VICTIMS["places"]]
KEYCTL = {"x86_64": 250, "aarch64": 219}[platform.machine()]
libc = ctypes.CDLL(None, use_errno=True)


def call(name: str, *arguments: Any) -> None:
    """Call a C function that returns -1 for an error."""
    if getattr(libc, name)(*arguments) == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def read_memory(pid: int) -> None:
    class Vector(ctypes.Structure):
        _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))

    buffer = ctypes.create_string_buffer(8)
    ours = Vector(ctypes.addressof(buffer), 8)
    theirs = ctypes.byref(Vector(1 << 22, 8))
    try:
        call("process_vm_readv", pid, ctypes.byref(ours), 1, theirs, 1, 0)
    except OSError as error:
        if error.errno != errno.EFAULT:  # which is told to who may read, where nothing is mapped
            raise


def connect(path: str) -> None:
    with socket.socket(socket.AF_UNIX) as ours:
        ours.connect(path)


def send_by_a_pair() -> None:
    ours, _ = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    ours.sendto(b"x", VICTIMS["ear"])


def own_its_signals(pid: int) -> None:
    import fcntl  # noqa: PLC0415 - as a stranger would

    with socket.socket() as ours:
        fcntl.fcntl(ours, 10, signal.SIGKILL)  # F_SETSIG
        fcntl.fcntl(ours, fcntl.F_SETOWN, pid)


def fork() -> None:
    if os.fork() == 0:
        os._exit(0)


ATTEMPTS: dict[str, Callable[[], Any]] = {
    "be root": lambda: os.setuid(0),
    "be the daemon's user's group": lambda: os.setgroups([0]),
    "run a program": lambda: os.posix_spawn("/bin/true", ["true"], {}),
    "start a process that outlives it": fork,
    "trace the daemon": lambda: call("ptrace", 16, DAEMON, 0, 0),
    "read the daemon's environment": lambda: Path(f"/proc/{DAEMON}/environ").read_bytes(),
    "list the daemon's files": lambda: list(Path(f"/proc/{DAEMON}/fd").iterdir()),
    "slow the daemon down": lambda: os.setpriority(os.PRIO_PROCESS, DAEMON, 19),
    "pin the daemon": lambda: os.sched_setaffinity(DAEMON, {0}),
    "starve the daemon": lambda: resource.prlimit(DAEMON, resource.RLIMIT_NOFILE, (0, 0)),
    "watch the daemon": lambda: os.pidfd_open(DAEMON),
    "signal its group": lambda: os.kill(0, 0),
    "signal everybody": lambda: os.kill(-1, 0),
    "signal the daemon by a file's owner": lambda: own_its_signals(DAEMON),
    "listen where others would connect": lambda: socket.socket(socket.AF_UNIX).bind("\0x"),
    "send through a pair of sockets": send_by_a_pair,
    "share memory by key": lambda: call("shmget", 0x1234, 4096, 0o1600),
    "use the kernel's keyring": lambda: call("syscall", KEYCTL, 0, -3, 0),
    "use io_uring": lambda: call("syscall", 425, 1, ctypes.create_string_buffer(120)),
    "read the users of the machine": lambda: Path("/etc/passwd").read_bytes(),
    "write outside": lambda: (HERE.parent / "x").write_text("x"),
    "write to /tmp": lambda: Path(f"/tmp/x{os.getpid()}").write_text("x"),  # noqa: S108
    "write to shared memory": lambda: Path(f"/dev/shm/x{os.getpid()}").write_text("x"),  # noqa: S108
    "leave a link for the daemon to follow": lambda: (HERE / "l").symlink_to("/etc/shadow"),
    "leave a socket": lambda: os.mknod(HERE / "s", 0o140600),
    "change the programs": lambda: (Path(os.__file__).parent / "x.py").write_text("x"),
    **{f"trace {pid}": lambda pid=pid: call("ptrace", 16, pid, 0, 0) for pid in [SIBLING]},
    **{
        f"{what} {who}": lambda act=act, pid=pid: act(pid)
        for who, pid in (("the daemon", DAEMON), ("another account's session", SIBLING))
        for what, act in (
            ("read the memory of", read_memory),
            ("open the memory of", lambda pid: Path(f"/proc/{pid}/mem").open("rb").close()),
            ("signal", lambda pid: os.kill(pid, 0)),
        )
    },
    **{f"connect to {path}": lambda path=path: connect(path) for path in VICTIMS["sockets"]},
    **{f"read {path}": path.read_bytes for path in SECRETS},
    **{f"write {path}": lambda path=path: path.write_bytes(b"") for path in SECRETS},
    **{f"empty {path}": lambda path=path: os.truncate(path, 0) for path in SECRETS},
    **{f"remove {path}": path.unlink for path in SECRETS},
    **{f"list {path}": lambda path=path: list(path.iterdir()) for path in PLACES},
    **{f"take over {path}": lambda path=path: os.chown(path, 65534, 65534) for path in PLACES},
    **{
        f"move {path} away": lambda path=path: path.rename(HERE / "gone").rename(path)
        for path in PLACES
    },
    **{f"lock everybody out of {path}": lambda path=path: path.chmod(0) for path in PLACES},
    # From here on nothing else can be tried, if it was done.
    "leave its sandbox by a namespace": lambda: call("unshare", 0x10000000),
    "become a program": lambda: os.execv("/bin/true", ["true"]),  # noqa: S606 - and end
}


def outcome(attempt: Callable[[], Any]) -> str | None:
    """Make an attempt; returns why it was refused."""
    try:
        attempt()
    except Exception as error:  # noqa: BLE001 - whatever refuses
        return str(error)
    return None


def write_down(found: dict[str, str | None]) -> None:
    """Replace what is written down."""
    (HERE / "attempts.json").write_text(json.dumps(found))


def main() -> None:
    """Try everything, and check that what a session needs is still there."""
    found = dict[str, str | None]()
    for name, attempt in ATTEMPTS.items():
        found[name] = None  # who becomes a program has no time to write it down afterwards
        write_down(found)
        found[name] = outcome(attempt)
    write_down(found)
    sys.stdout.flush()


main()
