"""The program that the unit shall run: the one that runs now, if systemd can execute it."""

import os
import stat
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import waremind
from waremind.errors import ErrorCode, WaremindError

# What ProtectHome= and PrivateTmp= hide from the daemon.
HIDDEN = tuple(map(Path, ("/root", "/home", "/run/user", "/tmp", "/var/tmp")))  # noqa: S108
SYSTEM = Path("/usr")
CURE = (
    "install waremind where every user can execute it: python3 -m venv /opt/waremind && "
    "/opt/waremind/bin/pip install waremind && /opt/waremind/bin/waremind systemd install"
)


@dataclass(frozen=True, slots=True)
class Program:
    """An installed waremind; `places` are the directories with what it executes."""

    path: Path
    places: tuple[Path, ...]

    def below(self, root: Path) -> "Program":
        """Say where it is for a system whose / is `root` here."""
        return Program(_inside(self.path, root), tuple(_inside(p, root) for p in self.places))


def _inside(path: Path, root: Path) -> Path:
    return Path("/") / path.relative_to(root) if path.is_relative_to(root) else path


def running() -> Program:
    """Find the program that runs now.

    Raises WaremindError `conflict` with the cure when systemd could not execute it.
    """
    path = Path(sysconfig.get_path("scripts")) / "waremind"
    interpreter = Path(sys.executable)
    needed = [path, interpreter, interpreter.resolve(), Path(waremind.__file__).resolve()]
    for file in [*needed, *_libpython()]:
        if reason := unusable(file):
            message = f"cannot install a unit that runs {path}: {reason}"
            raise WaremindError(ErrorCode.CONFLICT, message, hint=CURE)
    prefixes = dict.fromkeys((Path(sys.prefix), Path(sys.base_prefix).resolve()))
    return Program(path, tuple(p for p in prefixes if not p.is_relative_to(SYSTEM)))


def _libpython() -> Iterator[Path]:
    """Find the library of a Python that was built to be shared, where its loader looks for it."""
    directory, name = sysconfig.get_config_vars("LIBDIR", "INSTSONAME")
    library = Path(directory or "/nonexistent") / (name or "none")
    if library.exists():
        yield library


def unusable(file: Path) -> str | None:
    """Say why the daemon's user, confined by the unit, could not use `file`; None: it can."""
    for hidden in HIDDEN:
        if file.is_relative_to(hidden):
            return f"{file} lies below {hidden}, which the unit hides from the daemon"
    return next(_closed(file), None)


def _closed(file: Path) -> Iterator[str]:
    """Name what on the way to `file` is not open to every user."""
    if not file.exists():
        yield f"there is no {file}"
        return
    for directory in file.parents:
        if not directory.stat().st_mode & stat.S_IXOTH:
            yield f"not every user may enter {directory}"
    needed = stat.S_IROTH | (stat.S_IXOTH if os.access(file, os.X_OK) else 0)
    if file.stat().st_mode & needed != needed:
        yield f"not every user may use {file}"
