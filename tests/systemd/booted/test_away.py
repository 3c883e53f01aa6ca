"""PostgreSQL is away, or its lock is somebody else's, for longer than the watchdog waits.

`AWAY=300 make test-systemd` has both last five minutes.
"""

import json
import os
from pathlib import Path

import pytest
from systemd.external import External
from systemd.machine import HOME, PROGRAM, Box

SCRIPT = Path(__file__).parents[1] / "away_in_box.py"
SECONDS = float(os.environ.get("AWAY", "8"))
LATE_SECONDS = 65  # what was due before has then been late by more than a minute


@pytest.mark.timeout(2 * SECONDS + 300)
def test_nothing_is_killed_closed_or_unknown_and_it_sends_again_without_a_person(
    box: Box, external: External
) -> None:
    del external
    box.override("WatchdogSec=3s")
    words = (HOME / "bin/python", SCRIPT, PROGRAM, HOME / "away", SECONDS)
    seen = json.loads(box.run(*words, patience_seconds=2 * SECONDS + 300).stdout)
    late = ["overdue"] if SECONDS > LATE_SECONDS else []
    assert seen == {
        "away": {
            "said": ["database_unavailable", *late],
            "run": "sent",
            "due meanwhile": "sent",
            "then": True,
        },
        "stolen": {"said": ["lock_lost", *late], "named": True, "run": "sent", "then": True},
        "same life": True,
    }
    box.waremind("account", "delete", "ops", "--yes")
