"""What lies on the disk: room for it, who can read it, whose processes work in it."""

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from waremind.daemon.status.doctor.check import Check, Finding, Trouble
from waremind.settings import Settings
from waremind.whatsapp.sandbox import session_uid

LEAST_BYTES = 500 * 1024**2
LEAST_SHARE = 0.05
LEAST_FILES = 10_000


async def disk(settings: Settings) -> Finding:
    """Measure the room that is left where the state lies."""
    place = _existing(settings.state_dir)
    usage, files = shutil.disk_usage(place), os.statvfs(place).f_favail
    left = f"{usage.free / 1024**3:.1f} GiB ({usage.free / usage.total:.0%}) left at {place}"
    if usage.free < LEAST_BYTES or usage.free < LEAST_SHARE * usage.total:
        return [Trouble(f"only {left}", "warning")]
    if 0 < files < LEAST_FILES:
        return [Trouble(f"room for only {files} more files at {place}", "warning")]
    return left


async def modes(settings: Settings) -> Finding:
    """Look for sessions' keys that others than the daemon's user could read."""
    directory = settings.state_dir
    if not directory.exists():
        return f"{directory} will be made at the first start"
    troubles = list(_open_places(directory))
    return troubles or f"only its owner can read {directory}"


def _open_places(directory: Path) -> Iterator[Trouble]:
    owner = directory.stat().st_uid
    # PostgreSQL, which may be another user's, has a directory of its own there.
    outer = (directory, directory / "sessions")
    for place in (*outer, *_devices(directory)):
        with suppress(FileNotFoundError):  # an account may be deleted meanwhile
            yield from _open_place(place, owner, is_outer=place in outer)


def _devices(directory: Path) -> Iterator[Path]:
    """List the directories of devices; copies of keys that are being made lie beside these."""
    for account in directory.glob("sessions/acc_*"):
        with suppress(FileNotFoundError):
            yield from account.iterdir()


def _open_place(place: Path, owner: int, *, is_outer: bool) -> Iterator[Trouble]:
    status, need = place.stat(), stat.S_IRWXG | stat.S_IRWXO
    # Somebody may have to pass the outer ones, nobody to read or write them.
    if is_outer:
        need &= ~(stat.S_IXGRP | stat.S_IXOTH)
    if status.st_mode & need:
        mode = stat.S_IMODE(status.st_mode)
        yield Trouble(f"others can read {place} (mode {mode:04o})", fix=f"chmod 700 {place}")
    if status.st_uid not in ({owner} if is_outer else {owner, session_uid()}):
        fix = f"chown -R {owner} {place}"
        yield Trouble(f"{place} belongs to uid {status.st_uid}, not {owner}", fix=fix)


async def no_children(settings: Settings) -> Finding:
    """Look for processes that outlived the daemon."""
    return _leaked(settings, keeper=0)


async def own_children(settings: Settings) -> Finding:
    """Look for processes in the state directory that are not the daemon's."""
    return _leaked(settings, keeper=os.getpid())


def _leaked(settings: Settings, keeper: int) -> Finding:
    """Find processes that work in the state directory and do not descend from `keeper`."""
    parents = dict(_parents())
    working = list(_working_in(settings.state_dir))
    strays = [pid for pid in working if not keeper or keeper not in _ancestors(pid, parents)]
    if not strays:
        return f"{len(working)} processes in {settings.state_dir}, all the daemon's"
    listed = " ".join(map(str, strays))
    text = f"processes of an earlier daemon still work in {settings.state_dir}: {listed}"
    return [Trouble(text, "warning", fix=f"kill {listed}")]


def _working_in(directory: Path) -> Iterator[int]:
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            place, program = (entry / "cwd").readlink(), (entry / "exe").readlink().name
        except OSError:  # gone, or another user's
            continue
        if place.is_relative_to(directory) and program.startswith(("python", "postgres")):
            yield int(entry.name)


def _parents() -> Iterator[tuple[int, int]]:
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            text = (entry / "stat").read_text()
        except OSError:
            continue
        # The program's name before it may hold anything, also spaces and brackets.
        yield int(entry.name), int(text.rpartition(")")[2].split()[1])


def _ancestors(pid: int, parents: dict[int, int]) -> Iterator[int]:
    while pid:
        yield pid
        pid = parents.get(pid, 0)


def _existing(path: Path) -> Path:
    return next(each for each in (path, *path.parents) if each.exists())


DISK: tuple[Check[Settings], ...] = (
    Check("disk", disk, "make room there, or lower delivery.keep_days"),
    Check("state", modes, "chmod -R go-rwx the state directory"),
)
CHILDREN: Check[Settings] = Check("processes", own_children, "kill them")
NO_CHILDREN: Check[Settings] = Check("processes", no_children, "kill them")
