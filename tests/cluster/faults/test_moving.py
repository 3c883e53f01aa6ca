"""From one machine to several and back: what docs/operating.md says is typed as it stands there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from cluster.machine import Machine, blocks
from cluster.node import texts
from delivery.stage import Stage
from whatsapp_server.harness import PlayedWhatsApp


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
    there, add, back, alone = blocks(each=False)
    east, west = machines["east"], machines["west"]
    configuration = Path(east.etc / "config.toml")
    east.configure(dsn)
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
