"""Running as somebody else than who runs the tests."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

NOBODY = 65534
AS_NOBODY = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]


def _can_be_nobody() -> bool:
    """Tell whether we may become nobody, and nobody may read this checkout."""
    if os.geteuid() != 0:
        return False
    command = [*AS_NOBODY, sys.executable, "-c", "import waremind.cli"]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


somebody_else = pytest.mark.skipif(
    not _can_be_nobody(), reason="only root may become somebody else, who must see the checkout"
)
