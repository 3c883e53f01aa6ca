"""Whoever takes a session over gets nothing beyond it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import pytest
from daemon_process import DaemonProcess, environment
from system.somebody import AS_NOBODY, NOBODY, somebody_else
from whatsapp import sabotage
from whatsapp.stages import RealStage
from whatsapp_server.harness import PlayedWhatsApp

from waremind.whatsapp import landlock, sandbox

HOSTILE = Path(__file__).with_name("hostile.py")

pytestmark = pytest.mark.skipif(landlock.version() == 0, reason="this kernel has no Landlock")


def deaf_ear(path: Path) -> socket.socket:
    """Make a socket to which one sends without connecting, open to all."""
    ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    ear.bind(str(path))
    path.chmod(0o666)
    return ear


# The session that begins while there are victims does harm first.
ENTRANCE = """
from pathlib import Path
if Path({victims!r}).exists():
    Path("victims.json").write_text(Path({victims!r}).read_text())
    exec(compile(Path({hostile!r}).read_text(), "hostile.py", "exec"), {{}})
"""


def test_who_takes_a_session_over_gets_nothing_beyond_it(
    shared_whatsapp: PlayedWhatsApp, tmp_path: Path
) -> None:
    modules = sabotage.build(shared_whatsapp.overlay, tmp_path / "modules")
    shutil.copy(HOSTILE, modules)
    file = modules / "victims.json"
    given = {"victims": str(file), "hostile": str(modules / HOSTILE.name)}
    sabotage.harm_all(modules / "neonize", ENTRANCE.format(**given))
    variables = environment(shared_whatsapp)
    variables["PYTHONPATH"] = f"{modules}:{variables['PYTHONPATH']}"
    variables["XDG_CONFIG_HOME"] = str(tmp_path)
    config = tmp_path / "waremind/config.toml"
    config.parent.mkdir()
    config.write_text('log_level = "info"\n')
    config.chmod(0o600)
    with DaemonProcess(variables) as daemon, closing(deaf_ear(tmp_path / "ear")):
        daemon.add("ops")
        ops = daemon.pair("ops", shared_whatsapp, "628117770001")
        keys = daemon.state / "sessions" / ops.id / daemon.directories(ops.id)[0]
        postgres = daemon.state / "postgres"
        victims = {
            "daemon": daemon.process.pid,
            "sibling": daemon.child(ops.id),
            "secrets": [keys / "device.sqlite3", postgres / "passwords", config],
            "places": [keys, keys.parent.parent, daemon.state, config.parent],
            "sockets": [daemon.socket, postgres / "socket/.s.PGSQL.5432"],
            "ear": tmp_path / "ear",
        }
        for path in victims["secrets"] + victims["places"] + victims["sockets"]:
            assert path.exists(), path
        file.write_text(json.dumps(victims, default=str))
        taken = daemon.add("taken")
        with daemon.pairing("taken") as pairing:
            pairing.qr()  # the engine works all the same
        [written] = (daemon.state / "sessions" / taken.id).glob("*/attempts.json")
        attempts = json.loads(written.read_text())
        assert {name: why for name, why in attempts.items() if why is None} == {}
        assert len(attempts) > 60
        assert daemon.child(ops.id) == victims["sibling"]
        assert daemon.show("ops").status == "connected"


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
