"""The real engine inside the unit's sandbox, and a played WhatsApp around it."""

import json
from pathlib import Path
from typing import Any

from systemd.machine import HOME, PROGRAM, Box

SCRIPT = Path(__file__).parents[1] / "in_box.py"


def troubles(box: Box) -> list[Any]:
    """Return what the doctor finds; the engine in the wheel's packages is as old as it is."""
    said = box.waremind("doctor", "--json", check=False).stdout
    checks = json.loads(said)["checks"]
    return [each for each in checks if each["status"] != "ok" and each["check"] != "engine"]


def test_a_phone_pairs_with_the_service_which_sends_and_is_still_paired_after_a_restart(
    box: Box,
) -> None:
    said = box.run(HOME / "bin/python", SCRIPT, PROGRAM, HOME / "played").stdout
    assert json.loads(said) == {
        "paired": "connected",
        "sent": ["sent", "sent"],
        "again": "connected",
        "texts": ["before the restart", "after the restart"],
    }
    assert box.run("stat", "-c", "%a %U", "/var/lib/waremind/sessions").stdout == "700 waremind\n"
    assert troubles(box) == []
    box.waremind("account", "delete", "ops", "--yes")


def test_the_doctor_finds_all_well_inside_the_sandbox(box: Box) -> None:
    assert troubles(box) == []


def test_the_doctor_tells_a_stranger_how_to_be_let_in(box: Box) -> None:
    done = box.waremind("doctor", user="mallory", check=False)
    assert done.returncode == 3
    fix = "become a member of the group waremind-operators (usermod -aG waremind-operators USER)"
    assert f"fix: {fix}" in done.stdout
