"""From one machine to several and back: what docs/operating.md says is typed as it stands there."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from cluster.node import LEASE_SECONDS, texts
from daemon_process import WAREMIND, DaemonProcess, environment
from delivery.stage import UNGOVERNED, Stage
from docs.pages import ROOT, Block, blocks_of
from whatsapp_server.harness import PlayedWhatsApp

PAGE = ROOT / "docs/operating.md"
URL = "postgresql://waremind@db.example.org/waremind"
JQ = ROOT / "tests/docs/programs"


class Machine(DaemonProcess):
    """A machine with a place for /etc/waremind, where systemctl means this daemon."""

    def __init__(self, whatsapp: PlayedWhatsApp) -> None:
        brisk = {"WAREMIND_CLUSTER__LEASE_SECONDS": str(LEASE_SECONDS)}
        super().__init__(environment(whatsapp) | UNGOVERNED | brisk)
        self.etc = self.directory / "etc/waremind"
        self.etc.mkdir(parents=True)
        self.environment["XDG_CONFIG_HOME"] = str(self.etc.parent)
        path = (str(JQ), str(WAREMIND.parent), os.environ["PATH"])
        self.environment["PATH"] = os.pathsep.join(path)

    def type(self, block: Block, dsn: str) -> str:
        """Type a block; returns what it printed."""
        printed, script = "", ""
        for line in block.body.replace(URL, dsn).splitlines(keepends=True):
            if line.startswith("systemctl "):
                printed += self._run(script)
                script = ""
                self._control(line.split()[1])
            else:
                script += line.replace("/etc/waremind", str(self.etc))
        return printed + self._run(script)

    def _run(self, script: str) -> str:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, f"{script}{done.stdout}{done.stderr}"
        return done.stdout

    def _control(self, verb: str) -> None:
        if verb != "start":
            assert self.stop() == 0
        if verb != "stop":
            self.start()


@pytest.fixture
def machines(played_whatsapp: PlayedWhatsApp) -> Iterator[dict[str, Machine]]:
    """Give two machines on which nothing runs yet."""
    found = {name: Machine(played_whatsapp) for name in ("east", "west")}
    with ExitStack() as stack:
        for each in found.values():
            stack.callback(each.close)
        yield found


def test_nobody_scans_anything_on_the_way_to_several_machines_and_back(
    machines: dict[str, Machine], played_whatsapp: PlayedWhatsApp, dsn: str
) -> None:
    there, add, back, alone = (each for each in blocks_of(PAGE) if each.word == "machine")
    east, west = machines["east"], machines["west"]
    configuration = Path(east.etc / "config.toml")
    configuration.write_text(f'[database]\nurl = "{dsn}"\n')
    before = configuration.read_text()
    east.start()
    accounts = [Stage(east, played_whatsapp, dsn, f"a{n}", f"62811000000{n}") for n in (1, 2)]
    for account in accounts:
        east.add(account.label)
        account.group()
        account.pair()
        account.send("alone")
    east.type(there, dsn)
    assert "west" in west.type(add, dsn)
    for account in accounts:
        account.daemon = west  # whichever node has it
        account.send("together")
    west.type(back, dsn)
    assert "a2" in east.type(alone, dsn)
    assert configuration.read_text().split() == before.split()
    for account in accounts:
        account.daemon = east
        account.wait("connected")
        account.send("alone again")
    assert texts(played_whatsapp) == {"alone": 2, "together": 2, "alone again": 2}
    assert [block.detail for block in (there, add, back, alone)] == ["east", "west", "west", "east"]
