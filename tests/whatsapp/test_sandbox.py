"""Whoever takes a session over gets nothing beyond it."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from whatsapp import sabotage
from whatsapp.stages import RealStage

from waremind.domain.lifecycle import Cause
from waremind.whatsapp import landlock, sandbox
from waremind.whatsapp.gateway import Message, Pairing
from waremind.whatsapp.reports import Sent

HOSTILE = Path(__file__).with_name("hostile.py")

pytestmark = pytest.mark.skipif(landlock.version() == 0, reason="this kernel has no Landlock")


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
    }
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
