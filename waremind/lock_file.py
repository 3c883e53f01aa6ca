"""A lock file: one process holds it, and the kernel lets go of it when that one dies."""

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path


class LockFileHeld(Exception):  # noqa: N818 - a state of affairs, not a mistake
    """Another process holds the file; `pid` is None when it is not certain which."""

    def __init__(self, pid: int | None) -> None:
        super().__init__(f"the process {pid} has it open" if pid else "another process has it open")
        self.pid = pid


@contextmanager
def locked(path: Path) -> Generator[None]:
    """Hold the file, which only its owner can open and which says our pid.

    Raises LockFileHeld, or OSError, also for a link: it may lead to somebody else's file.
    """
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        os.fchmod(file, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LockFileHeld(_holder(path, os.read(file, 20))) from None
        os.ftruncate(file, 0)
        os.write(file, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(file)


def _holder(path: Path, content: bytes) -> int | None:
    """Return the pid in the file if that process has the file open: anything may stand there."""
    if (text := content.decode(errors="replace").strip()).isdecimal():
        with suppress(OSError):  # gone, or another user's
            ours = path.stat()
            for descriptor in Path(f"/proc/{text}/fd").iterdir():
                with suppress(OSError):
                    if os.path.samestat(descriptor.stat(), ours):
                        return int(text)
    return None
