"""Whoever takes a session over gets nothing beyond it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from system.somebody import AS_NOBODY, NOBODY, somebody_else
from whatsapp import sabotage
from whatsapp.stages import RealStage

from waremind.domain.lifecycle import Cause
from waremind.whatsapp import landlock, sandbox
from waremind.whatsapp.gateway import Message, Pairing
from waremind.whatsapp.reports import Sent

HOSTILE = Path(__file__).with_name("hostile.py")

pytestmark = pytest.mark.skipif(landlock.version() == 0, reason="this kernel has no Landlock")


def deaf_ear(path: Path) -> socket.socket:
    """Make a socket to which one sends without connecting, open to all."""
    ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    ear.bind(str(path))
    path.chmod(0o666)
    return ear


@pytest.mark.anyio
async def test_who_takes_a_session_over_gets_nothing_beyond_it(
    real: RealStage, tmp_path: Path
) -> None:
    neighbour = real.neighbour()
    await neighbour.link()
    key = neighbour.directory / "device.sqlite3"
    listening = await asyncio.start_unix_server(lambda *_: None, tmp_path / "s")
    victims = {
        "daemon": os.getpid(),
        "sibling": neighbour.child.process.pid,
        "secrets": [str(key)],
        "places": [str(neighbour.directory), str(tmp_path)],
        "sockets": [str(tmp_path / "s")],
        "ear": str(tmp_path / "ear"),
    }
    ear_of_others = deaf_ear(tmp_path / "ear")
    sabotage.harm(real.directory, HOSTILE.read_text())
    (real.directory / "victims.json").write_text(json.dumps(victims))
    ear = await real.open(Pairing())
    await ear.code()  # the engine works all the same
    attempts = json.loads((real.directory / "attempts.json").read_text())
    assert {name: why for name, why in attempts.items() if why is None} == {}
    assert len(attempts) > 40
    assert isinstance(await neighbour.session.send(Message(neighbour.group, "halo")), Sent)
    assert Cause.ENDED not in neighbour.ear.causes
    listening.close()
    ear_of_others.close()


# What an unprivileged user may not do anyway.
MODES_FORBID = {"be root", "be the daemon's user's group", "change the programs"}
# What this machine may forbid to all: Yama, AppArmor, sysctl kernel.io_uring_disabled.
MACHINE_FORBIDS = re.compile(r"trace|the memory of|environment|namespace|io_uring")


@somebody_else
def test_whoever_is_not_confined_would_get_what_a_session_is_refused() -> None:
    with contextlib.ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="wm-")))
        home, place = directory / "home", directory / "place"
        for made in (home, place):
            made.mkdir()
        (place / "key").touch()
        listening = stack.enter_context(socket.socket(socket.AF_UNIX))
        listening.bind(str(directory / "s"))
        listening.listen()
        stack.enter_context(deaf_ear(directory / "ear"))
        sleepers = [
            subprocess.Popen([*AS_NOBODY, "sleep", "60"], start_new_session=True) for _ in range(2)
        ]
        victims = {
            "daemon": sleepers[0].pid,
            "sibling": sleepers[1].pid,
            "secrets": [str(place / "key")],
            "places": [str(place)],
            "sockets": [str(directory / "s")],
            "ear": str(directory / "ear"),
        }
        (home / "victims.json").write_text(json.dumps(victims))
        (home / "hostile.py").write_text(HOSTILE.read_text())
        for path in (directory, *directory.rglob("*")):
            os.chown(path, NOBODY, NOBODY)
        command = [*AS_NOBODY, sys.executable, "hostile.py"]
        with subprocess.Popen(command, cwd=home, start_new_session=True) as hostile:
            assert hostile.wait(30) == 0
        attempts = json.loads((home / "attempts.json").read_text())
        for sleeper in sleepers:
            sleeper.kill()
            sleeper.wait()
        for written in (Path("/tmp"), Path("/dev/shm")):  # noqa: S108 - it wrote there
            (written / f"x{hostile.pid}").unlink()
        subprocess.run(["ipcrm", "-M", "0x1234"], check=True)
    refused = {name for name, why in attempts.items() if why is not None} - MODES_FORBID
    assert {name for name in refused if not MACHINE_FORBIDS.search(name)} == set()
    assert len(attempts) > 40


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has another uid to give")
@pytest.mark.anyio
async def test_no_session_of_root_is_root(real: RealStage) -> None:
    await real.link()
    status = Path(f"/proc/{real.child.process.pid}/status").read_text()
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert fields["Uid"].split() == fields["Gid"].split() == ["65534"] * 4
    assert fields["Groups"].strip() == ""
    assert int(fields["CapEff"], 16) & ~sandbox.CAP_DAC_READ_SEARCH == 0
    assert fields["NoNewPrivs"] == "1"


REPLACED = """
import sys
from pathlib import Path
from waremind.whatsapp import sandbox
names, directory = Path(sys.argv[1]), Path(sys.argv[2])
entered = sandbox.enter(directory, [str(names)])
print(entered.is_stale, flush=True)
sys.stdin.readline()
print(entered.is_stale, flush=True)
"""


def test_a_name_service_that_was_set_up_anew_is_noticed(tmp_path: Path) -> None:
    names = tmp_path / "resolv.conf"
    names.write_text("nameserver 127.0.0.1\n")
    names.chmod(0o644)
    sandbox.make_directory(own := tmp_path / "sessions/acc_1/1")
    with subprocess.Popen(
        [sys.executable, "-c", REPLACED, names, own],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin
        assert process.stdout
        assert process.stdout.readline() == "False\n"
        (tmp_path / "new").write_text("nameserver 127.0.0.53\n")
        (tmp_path / "new").rename(names)
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.stdout.readline() == "True\n"
