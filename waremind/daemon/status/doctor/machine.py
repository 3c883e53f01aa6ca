"""The machine: the WhatsApp engine and what it needs, time zones."""

import asyncio
import ctypes.util
import importlib.util
import sys
from datetime import UTC, date, datetime
from importlib.metadata import version
from zoneinfo import available_timezones

import msgspec

from waremind.daemon.status.daemon_attention import engine_old
from waremind.daemon.status.doctor.check import Check, Finding, Trouble
from waremind.environment import passed_on
from waremind.whatsapp.engine_age import Engine
from waremind.whatsapp.sandbox import lacks

# A session's child that loads the engine finds what has come meanwhile.
LIBMAGIC = "apt install libmagic1, or: pip install pylibmagic; the daemon needs no restart"


async def engine(_: None) -> Finding:
    """Load the engine in a process of its own, as a session does, without the network."""
    command = [sys.executable, "-P", "-m", "waremind.whatsapp.health"]
    process = await asyncio.create_subprocess_exec(*command, stdout=-1, stderr=-1, env=passed_on())
    try:
        out, err = await process.communicate()
    except asyncio.CancelledError:
        process.kill()
        raise
    if process.returncode:
        lines = err.decode(errors="replace").strip().splitlines()
        text = f"it does not load: {lines[-1] if lines else process.returncode}"
        return [Trouble(text, fix="" if _libmagic() else LIBMAGIC)]
    return _judged(msgspec.json.decode(out, type=Engine), datetime.now(UTC).date())


def _judged(engine: Engine, today: date) -> Finding:
    if old := [Trouble(each.text, each.severity, each.fix) for each in engine_old(engine, today)]:
        return old
    if engine.made_on is None:
        return f"neonize {engine.version} loads; how old it is cannot be told"
    return (
        f"neonize {engine.version} loads; it is {engine.days(today)} days old, "
        f"and announces {engine.announces}"
    )


async def sandbox(_: None) -> Finding:
    """Look for what this machine cannot keep sessions from."""
    troubles = [Trouble(lack, "warning") for lack in lacks()]
    return troubles or "sessions see nobody else's files, processes and sockets"


async def libmagic(_: None) -> Finding:
    """Find the library without which the engine does not load."""
    return _libmagic() or [Trouble("there is none")]


def _libmagic() -> str | None:
    """Say where it is from."""
    if system := ctypes.util.find_library("magic"):
        return f"the system's: {system}"
    if importlib.util.find_spec("pylibmagic"):
        return f"the package's: pylibmagic {version('pylibmagic')}"
    return None


async def zones(_: None) -> Finding:
    """Count the time zones."""
    count = len(available_timezones())
    if "Europe/Berlin" not in available_timezones():
        return [Trouble(f"there are only {count} time zones")]
    return f"{count} time zones, tzdata {version('tzdata')}"


MACHINE: tuple[Check[None], ...] = (
    Check("engine", engine, "upgrade it: pip install --upgrade waremind neonize; then restart"),
    Check("sandbox", sandbox, "run a kernel of 5.13 or newer, with lsm=landlock among its options"),
    Check("libmagic", libmagic, LIBMAGIC),
    Check("time zones", zones, "pip install --upgrade tzdata"),
)
