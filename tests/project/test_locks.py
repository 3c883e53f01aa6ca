"""What a server installs is what was tested."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
UV = Path(sys.executable).with_name("uv")


def test_a_server_s_lock_says_what_uv_s_lock_says() -> None:
    printed = subprocess.run(
        [ROOT / ".ci/server_lock", UV], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert (ROOT / "waremind/requirements.lock").read_text() == printed.stdout, "run: make lock"
