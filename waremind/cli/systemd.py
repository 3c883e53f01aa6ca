"""`waremind systemd …`: waremind as a service of this machine."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from msgspec import UNSET, Struct

from waremind.cli.commands import Commands
from waremind.cli.invocation import Invocation
from waremind.cli.layout import Block, Record, Styled
from waremind.cli.options import Check, ExitStatus
from waremind.install import installation, tools, units
from waremind.requests.core import Changed

commands = Commands("systemd", "The daemon as a service of this machine.")

Root = Annotated[
    Path,
    typer.Option(
        "--root", metavar="DIR", file_okay=False, exists=True, help="Another system's root."
    ),
]
START = "start it, also at boot: systemctl enable --now waremind.socket waremind.service"
UPGRADE = "if it runs already: systemctl restart waremind"


class FilesChanged(Changed, frozen=True, kw_only=True):
    """The answer of `install` and `uninstall`: which files they changed."""

    files: list[str]


class Printed(Struct, frozen=True):
    """The answer of `install --print`: the text of each file, by its place."""

    files: dict[str, str]


class ServiceState(Struct, frozen=True):
    """How systemd sees the daemon; `current`: the files are what this program would install."""

    installed: bool
    current: bool
    enabled: str
    active: str
    status_text: str
    pid: int
    restarts: int


@commands.verb()
def install(
    cli: Invocation,
    *,
    print_: Annotated[bool, typer.Option("--print", help="Print the files; do nothing.")] = False,
    root: Root = installation.ROOT,
    user: Annotated[
        str, typer.Option("--user", metavar="NAME", help="Run the daemon as this user.")
    ] = units.USER,
    check: Check = False,
) -> None:
    """Install the units, the user and the directories.

    The units run this very program. Nothing is started.
    """
    wanted = installation.wanted(root.absolute(), user)
    if print_:
        cli.show(Printed({str(place): text for place, text in wanted.files.items()}), _texts)
        return
    changing = [*wanted.stale(), *wanted.superfluous()]
    if not check:
        wanted.install()
    result = FilesChanged(
        changed=bool(changing), check=check or UNSET, files=[str(place) for place in changing]
    )
    cli.changed(result, "the service", "installed", START, UPGRADE)


def _texts(printed: Printed) -> Iterator[Block]:
    for place, text in printed.files.items():
        yield f"# {place}"
        yield from text.splitlines()
        yield ""


@commands.verb()
def uninstall(cli: Invocation, *, root: Root = installation.ROOT, check: Check = False) -> None:
    """Stop the daemon and remove its units; data stays.

    The configuration and the user stay, too.
    """
    root = root.absolute()
    nothing = installation.Installation(root, {})
    going = nothing.superfluous()
    if going and not check:
        nothing.uninstall()
    result = FilesChanged(
        changed=bool(going), check=check or UNSET, files=[str(place) for place in going]
    )
    cli.changed(result, "the service", "removed", "the data stays: /var/lib/waremind")


@commands.verb()
def status(cli: Invocation, *, exit_status: ExitStatus = False) -> None:
    """Show how systemd sees the daemon, and its units."""
    state = _state()
    cli.show(state, _record)
    cli.settle(asked=exit_status, good=state.current and state.active == "active")


def _state() -> ServiceState:
    names = ("UnitFileState", "ActiveState", "StatusText", "MainPID", "NRestarts")
    seen = tools.properties(units.SERVICE, *names)
    there = installation.present()
    return ServiceState(
        installed=there,
        current=there and _is_current(),
        enabled=seen["UnitFileState"] or "no",
        active=seen["ActiveState"],
        status_text=seen["StatusText"],
        pid=int(seen["MainPID"]),
        restarts=int(seen["NRestarts"]),
    )


def _is_current() -> bool:
    wanted = installation.wanted(user=installation.installed_user())
    return not wanted.stale() and not wanted.superfluous()


def _record(state: ServiceState) -> Iterator[Block]:
    active = Styled(state.active, "good" if state.active == "active" else "bad")
    yield Record(
        [
            ("units", _units(state)),
            ("enabled", state.enabled),
            ("active", active),
            ("status", state.status_text or None),
            ("pid", str(state.pid) if state.pid else None),
            ("restarts", str(state.restarts)),
        ]
    )


def _units(state: ServiceState) -> str:
    if not state.installed:
        return "not installed: waremind systemd install"
    return "installed" if state.current else "not of this program: waremind systemd install"
