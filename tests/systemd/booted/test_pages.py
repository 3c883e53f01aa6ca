"""What docs/operating.md says of a server is typed on one, as it stands there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from docs.pages import ROOT, Block, blocks_of
from systemd.machine import Box, booted
from systemd.systems import System

BLOCKS = [block for block in blocks_of(ROOT / "docs/operating.md") if block.word == "systemd"]


@pytest.fixture
def server(wheel: Path, system: System) -> Iterator[Box]:
    """Give a machine on which nothing but the wheel is installed."""
    with booted(wheel, system) as box:
        for name in ("alice", "bob"):
            box.run("useradd", "--create-home", name)
        yield box


def typed(block: Block, box: Box) -> str:
    done = box.run("bash", "-euo", "pipefail", "-c", block.body, check=False)
    assert done.returncode == 0, f"{block}: {done.stdout}{done.stderr}"
    return done.stdout


def test_a_server_is_installed_looked_at_backed_up_restored_and_upgraded(server: Box) -> None:
    printed = "".join(typed(block, server) for block in BLOCKS)
    assert "accounts: none" in printed
    assert "daemon:   " in printed
    status = server.ask("status")
    assert {each["code"] for each in status["attention"]} <= {"engine_old"}
