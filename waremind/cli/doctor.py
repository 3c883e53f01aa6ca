"""`waremind doctor`: what can be wrong, looked at from here and by the daemon."""

import asyncio
import ctypes
import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from waremind import paths
from waremind.cli.commands import Commands
from waremind.cli.invocation import Invocation
from waremind.cli.layout import Block, Prose, Styled
from waremind.errors import WaremindError
from waremind.objects import CheckResult
from waremind.requests.daemon import Doctor, DoctorReport

commands = Commands()

_NOT_BEFORE = datetime(2026, 1, 1, tzinfo=UTC)
_TIMEX_BYTES = 512  # struct timex of adjtimex(2) is smaller everywhere
_TIME_ERROR = 5

STYLES = {"ok": "good", "warning": "waiting", "critical": "bad"}


@commands.verb()
def doctor(cli: Invocation) -> None:
    """Check everything, and say how to mend what is wrong.

    Exit 3 when something needs a person.
    """
    report = DoctorReport.of([_clock(), *_reached(cli)])
    cli.show(report, _lines)
    cli.settle(asked=True, good=report.ok)


def _clock() -> CheckResult:
    """Say whether the clock can be right, and whether anybody keeps it so."""
    now = datetime.now(UTC)
    if now < _NOT_BEFORE:
        text = f"it is not {now:%Y-%m-%d}: this program is younger"
        fix = "timedatectl set-ntp true"
        return CheckResult(check="clock", status="critical", text=text, fix=fix)
    return CheckResult(
        check="clock", status="ok", text=f"{now:%Y-%m-%dT%H:%M:%SZ}, {_kept()}", fix=None
    )


def _kept() -> str:
    """Say who keeps the clock. In a container or a virtual machine that may be the host."""
    timex = ctypes.create_string_buffer(_TIMEX_BYTES)  # all zero: only to be filled
    state = ctypes.CDLL(None).adjtimex(timex)
    if state not in {-1, _TIME_ERROR}:
        return "kept by a time service"
    return "kept by no time service that the kernel knows of (timedatectl)"


def _reached(cli: Invocation) -> list[CheckResult]:
    """Ask the daemon; without one look ourselves, as far as we can see."""
    path = paths.client_socket(cli.obj.socket)
    try:
        found = cli.call(Doctor()).checks
    except WaremindError as failure:
        text, fix = failure.message, failure.hint
        socket = CheckResult(check="socket", status="critical", text=text, fix=fix)
        return [socket, *_without_daemon()]
    return [_socket(path), *found]


def _socket(path: Path) -> CheckResult:
    """Judge who may use the socket on which the daemon has answered."""
    status = path.stat()
    if status.st_mode & stat.S_IRWXO:
        text, fix = f"every user of this machine may use {path}", f"chmod o= {path}"
        return CheckResult(check="socket", status="critical", text=text, fix=fix)
    text = f"{path} answers root and the group {_group(status.st_gid)}"
    return CheckResult(check="socket", status="ok", text=text, fix=None)


def _group(number: int) -> str:
    import grp  # noqa: PLC0415 - only this needs it

    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)


def _without_daemon() -> list[CheckResult]:
    from waremind import config  # noqa: PLC0415 - 250 ms that no client needs
    from waremind.daemon.status.doctor.rounds import examine_machine, examine_resting  # noqa: PLC0415

    try:
        settings = config.load().settings
    except WaremindError as failure:
        wrong = CheckResult(
            check="configuration", status="critical", text=failure.message, fix=failure.hint
        )
        return [wrong, *asyncio.run(examine_machine())]
    right = CheckResult(check="configuration", status="ok", text="valid", fix=None)
    if settings.state_dir.exists() and not os.access(settings.state_dir, os.R_OK | os.X_OK):
        text = f"not looked at: only its owner can read {settings.state_dir}"
        hidden = CheckResult(check="state", status="warning", text=text, fix="repeat it as root")
        return [right, *asyncio.run(examine_machine()), hidden]
    return [right, *asyncio.run(examine_resting(settings))]


def _lines(report: DoctorReport) -> Iterator[Block]:
    width = max(len(each.check) for each in report.checks)
    for each in report.checks:
        mark = "ok" if each.status == "ok" else "!!"
        yield Prose(each.text, Styled(f"{mark} {each.check:{width}}  ", STYLES[each.status]))
        if each.fix:
            yield Prose(each.fix, f"   {'':{width}}  fix: ")
