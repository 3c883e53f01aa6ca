"""A coroutine test that hangs fails alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]
HANGS_THEN_PASSES = """
import asyncio, bounded_coroutines, pytest

bounded_coroutines.PART = 0.02

@pytest.fixture(scope="session")
def anyio_backend(): return "asyncio"

@pytest.fixture(scope="session")
async def shared(): yield

async def test_hangs(shared): await asyncio.Event().wait()

async def test_passes(shared): pass
"""


def test_the_tests_after_one_that_hangs_still_pass(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(HANGS_THEN_PASSES)
    settings = f"[pytest]\npythonpath = {TESTS}\nanyio_mode = auto\ntimeout = 100\n"
    (tmp_path / "pytest.ini").write_text(settings)
    command = [sys.executable, "-m", "pytest", "-p", "bounded_coroutines", "-p", "no:randomly"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "1 failed, 1 passed" in ended.stdout
    assert "TimeoutError" in ended.stdout
