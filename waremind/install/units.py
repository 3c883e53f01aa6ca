"""The files of an installation: shipped with the package, filled in for the program they run."""

import re
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import waremind
from waremind.install.program import Program

USER = "waremind"
SERVICE = "waremind.service"
SOCKET = "waremind.socket"
READ_SOCKET = "waremind-read.socket"
METRICS = "waremind-metrics.service"
METRICS_TIMER = "waremind-metrics.timer"
SUFFIXES = (".service", ".socket", ".timer")
# Of the first systemd that knows what stands in NEWER.
NEWER_VERSION = 254
NEWER = "10-systemd254.conf"

# Shipped name → where it goes.
PLACES = {
    SERVICE: Path("/etc/systemd/system") / SERVICE,
    SOCKET: Path("/etc/systemd/system") / SOCKET,
    READ_SOCKET: Path("/etc/systemd/system") / READ_SOCKET,
    METRICS: Path("/etc/systemd/system") / METRICS,
    METRICS_TIMER: Path("/etc/systemd/system") / METRICS_TIMER,
    NEWER: Path("/etc/systemd/system") / f"{SERVICE}.d" / NEWER,
    "sysusers.conf": Path("/etc/sysusers.d/waremind.conf"),
    "tmpfiles.conf": Path("/etc/tmpfiles.d/waremind.conf"),
}


def shipped() -> Traversable:
    """Find the directory of the unit files: in the wheel, or in a checkout."""
    packaged = files(waremind) / "units"
    return packaged if packaged.is_dir() else Path(waremind.__file__).parents[1] / "systemd"


def filled(program: Program, user: str, systemd_version: int) -> dict[Path, str]:
    """Give each file's text by its place, for `program` run as `user` by that systemd."""
    texts = {name: (shipped() / name).read_text(encoding="utf-8") for name in PLACES}
    texts[SERVICE] = _service(texts[SERVICE], program, user)
    texts[METRICS] = _command(texts[METRICS], program)
    if user != USER:
        texts["sysusers.conf"] = re.sub(  # the user is there already, the service's group is not
            rf"^u +{USER} .*$", f"g     {USER}", texts["sysusers.conf"], flags=re.MULTILINE
        )
    if systemd_version < NEWER_VERSION:
        del texts[NEWER]
    return {PLACES[name]: text for name, text in texts.items()}


def _service(text: str, program: Program, user: str) -> str:
    places = "".join(f" {_quoted(place)}" for place in program.places)
    text = _set(text, "ExecStart", f"{_quoted(program.path)} daemon")
    text = _set(text, "ExecPaths", f"/usr{places}")
    return _set(text, "User", user)


def _command(text: str, program: Program) -> str:
    """Fill in the program of a unit that runs one of its commands."""
    return re.sub(
        r"^ExecStart=\S+", lambda _: f"ExecStart={_quoted(program.path)}", text, flags=re.MULTILINE
    )


def _set(text: str, key: str, value: str) -> str:
    """Set a directive that stands there once."""
    return re.sub(rf"^{key}=.*$", lambda _: f"{key}={value}", text, flags=re.MULTILINE)


def _quoted(path: Path) -> str:
    """Write a path as systemd.syntax(7) and its specifiers want it."""
    text = str(path).replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{text}"' if re.search(r"[\s\"'\\]", text) else text
