"""When all comes to rest: who is where, what is left of whom, and what a long time clears away."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from daemon_process import DaemonProcess, until

from campaigns.soak.gauges import descendants
from campaigns.soak.machine import CONFIGURATIONS, configure
from campaigns.soak.town import Resident, Town
from waremind.requests.run import RunList


def come(town: Town) -> None:
    """Let all come to rest, look who is where, and have everybody connected for the night."""
    town.mend()
    for fault in (*_of_residents(town), *_of_leftovers(town)):
        town.fault(fault)
    for one in town.residents:
        if one.rests:
            town.count("rested until the evening")
            one.pair()
    town.quieten()


def _of_residents(town: Town) -> Iterator[str]:
    """Say whose status or files are not what its operator has left."""
    for one in town.residents:
        wanted = ("unpaired", 0) if one.rests else ("connected", 1)
        try:
            until(lambda one=one, wanted=wanted: _stands(one) == wanted, f"{one.label} to stand")
        except TimeoutError:
            yield f"{one.label} is {_stands(one)}, not {wanted}: {one.account}"


def _stands(one: Resident) -> tuple[str, int]:
    account = one.account
    return account.status, len(one.town.daemon.directories(account.id))


def _of_leftovers(town: Town) -> Iterator[str]:
    """Say what is there that belongs to nobody: pairings, devices, directories, children."""
    awake = {one.account.id for one in town.residents if not one.rests}
    state = town.whatsapp.state()
    if state.pairing:
        yield f"{state.pairing} connections show a QR that nobody asked for"
    if len(state.online) != len(awake):
        yield f"{len(awake)} accounts are connected, but WhatsApp sees {state.online}"
    directories = {entry.name for entry in (town.daemon.state / "sessions").iterdir()}
    if directories != awake:
        yield f"there are directories {directories} of the accounts {awake}"
    children = sum("sessions" in place for place in _places(town.daemon))
    if children != len(awake):
        yield f"{len(awake)} accounts are connected by {children} children"


def _places(daemon: DaemonProcess) -> Iterator[str]:
    """Yield the directories in which the daemon's processes work."""
    for pid in descendants([daemon.process.pid]):
        with suppress(OSError):
            yield str(Path(f"/proc/{pid}/cwd").readlink())


def pass_by(town: Town) -> None:
    """Let more than `keep_days` pass over runs and events, restart the daemon, and see them go."""
    with town.database.connect() as connection:
        connection.execute("UPDATE runs SET created_at = created_at - interval '1 year'")
        connection.execute("UPDATE events SET at = at - interval '1 year'")
    configure(town, CONFIGURATIONS[0])  # with a bad one it would not start
    assert town.daemon.stop() == 0
    town.daemon.start()
    for one in town.residents:
        one.wait("connected")
    until(lambda: not town.daemon.call(RunList()).runs, "the old runs to be deleted")
