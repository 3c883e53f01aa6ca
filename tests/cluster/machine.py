"""A machine on which docs/operating.md is typed as it stands there."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from cluster.node import LEASE_SECONDS
from daemon_process import WAREMIND, DaemonProcess, environment
from delivery.stage import UNGOVERNED
from docs.pages import ROOT, Block, blocks_of
from whatsapp_server.harness import PlayedWhatsApp

PAGE = ROOT / "docs/operating.md"
URL = "postgresql://waremind@db.example.org/waremind"
PROGRAMS = ROOT / "tests/docs/programs"
# An unit is nothing that a daemon without systemd has.
UNTYPED = "/opt/waremind/bin/waremind systemd install"
PIP = "/opt/waremind/bin/pip install "


def blocks(*, each: bool) -> list[Block]:
    """List what is typed on machines: on each of them in turn, or on those that are named."""
    typed = (block for block in blocks_of(PAGE) if block.word == "machine")
    return [block for block in typed if (block.detail == "each") is each]


class Machine(DaemonProcess):
    """A machine with a place for /etc/waremind, where systemctl means this daemon.

    What pip installs there is `release`, a directory that has the package.
    """

    def __init__(self, whatsapp: PlayedWhatsApp, release: Path | None = None) -> None:
        brisk = {"WAREMIND_CLUSTER__LEASE_SECONDS": str(LEASE_SECONDS)}
        super().__init__(environment(whatsapp) | UNGOVERNED | brisk)
        self._release = release
        self.etc = self.directory / "etc/waremind"
        self.etc.mkdir(parents=True)
        self.environment["XDG_CONFIG_HOME"] = str(self.etc.parent)
        path = (str(PROGRAMS), str(WAREMIND.parent), os.environ["PATH"])
        self.environment["PATH"] = os.pathsep.join(path)

    def configure(self, dsn: str, name: str | None = None) -> None:
        """Write the configuration of a single daemon, or of a node."""
        cluster = f'\n[cluster]\nname = "{name}"\n' if name else ""
        (self.etc / "config.toml").write_text(f'[database]\nurl = "{dsn}"\n{cluster}')

    def type(self, block: Block, dsn: str, name: str | None = None) -> str:
        """Type a block, with the machine's name for the one that stands there; returns the output.

        None: as it stands there.
        """
        printed, script = "", ""
        body = block.body.replace(URL, dsn)
        for line in (body.replace("east", name) if name else body).splitlines(keepends=True):
            if line.startswith("systemctl "):
                printed += self._run(script)
                script = ""
                self._control(line.split()[1])
            elif line.startswith(PIP):
                self._upgrade()
            elif not line.startswith(UNTYPED):
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

    def _upgrade(self) -> None:
        assert self._release
        paths = (str(self._release), self.environment["PYTHONPATH"])
        self.environment["PYTHONPATH"] = os.pathsep.join(paths)

    def _control(self, verb: str) -> None:
        if verb != "start":
            assert self.stop() == 0
        if verb != "stop":
            self.start()
