"""The real engine inside the unit's sandbox, and a played WhatsApp around it."""

import json
from pathlib import Path

from systemd.machine import HOME, PROGRAM, Box

SCRIPT = Path(__file__).parents[1] / "in_box.py"


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
    assert box.ask("doctor")["ok"]
    box.waremind("account", "delete", "ops", "--yes")


def test_the_doctor_finds_all_well_inside_the_sandbox(box: Box) -> None:
    report = box.ask("doctor")
    assert [each for each in report["checks"] if each["status"] != "ok"] == []


def test_the_doctor_tells_a_stranger_how_to_be_let_in(box: Box) -> None:
    done = box.waremind("doctor", user="mallory", check=False)
    assert done.returncode == 3
    assert "fix: become a member of the group waremind (usermod -aG waremind USER)" in done.stdout
