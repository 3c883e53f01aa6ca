"""Installing and removing the units, for this machine or for one whose / is a directory here."""

import contextlib
import pwd
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path

from waremind.errors import ErrorCode, WaremindError
from waremind.install import tools, units
from waremind.install.program import running

ROOT = Path("/")


@dataclass(frozen=True, slots=True)
class Installation:
    """The files below `root`, as they should be; none of them: not installed."""

    root: Path
    files: Mapping[Path, str]

    def stale(self) -> list[Path]:
        """Name the files that are not there, or not as they should be."""
        return [place for place, text in self.files.items() if _read(self._at(place)) != text]

    def superfluous(self) -> list[Path]:
        """Name the files of ours that should not be there."""
        return [
            place
            for place in units.PLACES.values()
            if place not in self.files and self._at(place).exists()
        ]

    def install(self) -> None:
        """Write the files, make the user and the directories, and tell systemd.

        Raises WaremindError; doing it again goes on where it was.
        """
        with _writing(self.root):
            for place in self.stale():
                path = self._at(place)
                path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
                path.write_text(self.files[place], encoding="utf-8")
                path.chmod(0o644)
            self._remove(self.superfluous())
        tools.run("systemd-sysusers", *self._elsewhere(), "waremind.conf")
        tools.run("systemd-tmpfiles", *self._elsewhere(), "--create", "waremind.conf")
        self._tell_systemd()

    def uninstall(self) -> None:
        """Stop the daemon and remove our files; the data, its user and /etc/waremind stay."""
        names = [place.name for place in self.superfluous() if place.suffix in units.SUFFIXES]
        if names:
            now = ["--now"] if not self._elsewhere() and tools.is_booted() else []
            tools.run("systemctl", *self._elsewhere(), "disable", *now, *names)
        with _writing(self.root):
            self._remove(self.superfluous())
            with contextlib.suppress(OSError):  # it is not ours alone, or not there
                self._at(Path("/run/waremind")).rmdir()
        self._tell_systemd()

    def _remove(self, places: list[Path]) -> None:
        for place in places:
            self._at(place).unlink()
            with contextlib.suppress(OSError):  # somebody else has files there
                self._at(place.parent).rmdir()

    def _at(self, place: Path) -> Path:
        return self.root / place.relative_to("/")

    def _elsewhere(self) -> list[str]:
        return [] if self.root == ROOT else [f"--root={self.root}"]

    def _tell_systemd(self) -> None:
        if not self._elsewhere() and tools.is_booted():
            tools.run("systemctl", "daemon-reload")


def wanted(root: Path = ROOT, user: str = units.USER) -> Installation:
    """Say what an installation of the running program, as `user`, has to look like.

    Raises WaremindError: systemd could not run this program, or there is no such user.
    """
    if user != units.USER and root == ROOT:
        _check_user(user)
    program = running().below(root)
    return Installation(root, units.filled(program, user, tools.version()))


def present(root: Path = ROOT) -> bool:
    """Tell whether anything of an installation is there."""
    return any((root / place.relative_to("/")).exists() for place in units.PLACES.values())


def installed_user(root: Path = ROOT) -> str:
    """Say as whom the installed unit runs the daemon."""
    text = _read(root / units.PLACES[units.SERVICE].relative_to("/")) or ""
    lines = [line for line in text.splitlines() if line.startswith("User=")]
    return lines[0].partition("=")[2] if lines else units.USER


def _check_user(name: str) -> None:
    try:
        pwd.getpwnam(name)
    except KeyError:
        message = f"cannot run the daemon as {name}: there is no such user"
        hint = f"useradd --system {name}, or leave --user out"
        raise WaremindError(ErrorCode.NOT_FOUND, message, hint=hint) from None


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None


@contextlib.contextmanager
def _writing(root: Path) -> Generator[None]:
    try:
        yield
    except OSError as error:
        message = f"cannot change {error.filename}: {error.strerror}"
        hint = "repeat the command as root: sudo" if root == ROOT else f"make {root} writable"
        raise WaremindError(ErrorCode.PERMISSION_DENIED, message, hint=hint) from None
