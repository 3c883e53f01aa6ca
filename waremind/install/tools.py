"""systemd's own tools, run for an installation."""

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from waremind.errors import ErrorCode, WaremindError

BOOTED = Path("/run/systemd/system")  # sd_booted(3)


def is_booted() -> bool:
    """Tell whether systemd runs this machine."""
    return BOOTED.is_dir()


def version() -> int:
    """Say systemd's version; 0 where there is none."""
    if shutil.which("systemctl") is None:
        return 0
    words = run("systemctl", "--version").split()
    return int(words[1].partition(".")[0].partition("~")[0])


def run(*command: str) -> str:
    """Run a tool to its end and give what it printed.

    Raises WaremindError with its last words when it fails, or is not there.
    """
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - systemd's
    except FileNotFoundError:
        message = f"cannot run {command[0]}: it is not installed"
        hint = "install systemd, or write the files for another machine: --root DIR"
        raise WaremindError(ErrorCode.CONFLICT, message, hint=hint) from None
    if done.returncode:
        words = done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"]
        message = f"cannot run {' '.join(command)}: {words[-1]}"
        hint = "remove the cause, then repeat the command: it goes on where it was"
        raise WaremindError(ErrorCode.INTERNAL, message, hint=hint)
    return done.stdout


def properties(unit: str, *names: str) -> Mapping[str, str]:
    """Read a unit's properties, as systemctl show prints them. Raises WaremindError."""
    if not is_booted():
        raise WaremindError(
            ErrorCode.CONFLICT,
            f"cannot ask for {unit}: systemd does not run this machine",
            hint="waremind status asks the daemon itself",
        )
    lines = run("systemctl", "show", unit, f"--property={','.join(names)}").splitlines()
    return dict(line.split("=", 1) for line in lines)
