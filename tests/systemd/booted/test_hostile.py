"""Who takes a session over inside the shipped unit gets nothing beyond it either."""

import json
from pathlib import Path

import pytest
from systemd.machine import CONFIG, CREDENTIAL, HOME, PROGRAM, Box

from waremind.whatsapp import landlock

SCRIPT = Path(__file__).parents[1] / "hostile_in_box.py"


@pytest.mark.skipif(landlock.version() == 0, reason="this kernel has no Landlock")
def test_who_takes_a_session_of_the_service_over_is_refused_everything(box: Box) -> None:
    box.write(CONFIG, "log_level = 'info'\n")
    said = json.loads(box.run(HOME / "bin/python", SCRIPT, PROGRAM, HOME / "attacked").stdout)
    refused = {name: why for name, why in said["attempts"].items() if why is not None}
    assert sorted(said["attempts"]) == sorted(refused)
    assert {"trace the daemon", "be root", f"read {CONFIG}", f"read {CREDENTIAL}"} <= set(refused)
    assert "connect to /run/waremind/waremind.sock" in refused
    assert len(refused) > 60
    assert said["neighbour"] == "connected"
