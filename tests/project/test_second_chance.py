"""CI's second chance: for few tests, once, and remembered."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAD = (ROOT / "tests/FLAKY.md").read_text().partition("|---|---|\n")[0] + "|---|---|\n"
MAKEFILE = f"""
PYTEST := {sys.executable} -m pytest -q -p no:randomly -p no:xdist -p no:cov
test:
\t@$(PYTEST) tests
retest:
\t@touch second; $(PYTEST) tests --last-failed
broken:
\t@exit 1
"""
# Fails the first time, as a test does that a busy machine made miss its time.
BUSY = "from pathlib import Path\ndef test_busy(): assert Path('second').exists()\n"
STEADY = "def test_steady(): pass\n"
WRONG = "def test_wrong(): assert False\n"
BUSY_NAME = "tests/test_0.py::test_busy"


class Checkout:
    """A project with some tests of its own."""

    def __init__(self, path: Path, *tests: str) -> None:
        self.path = path
        (path / "tests").mkdir()
        (path / "Makefile").write_text(MAKEFILE)
        (path / "pytest.ini").write_text("[pytest]\n")
        self.notes = path / "tests/FLAKY.md"
        self.notes.write_text(HEAD)
        for number, text in enumerate(tests):
            (path / f"tests/test_{number}.py").write_text(text)

    def run(self, target: str = "test") -> subprocess.CompletedProcess[str]:
        command = [sys.executable, ROOT / ".ci/second_chance", target, "retest"]
        return subprocess.run(command, cwd=self.path, capture_output=True, text=True, check=False)

    @property
    def flaky(self) -> list[str]:
        noted = self.notes.read_text().removeprefix(HEAD).splitlines()
        return [line.split("`")[1] for line in noted]


def test_what_passes_the_second_time_is_noted(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path, BUSY, STEADY)
    assert checkout.run().returncode == 0
    assert checkout.flaky == [BUSY_NAME]


def test_what_passes_at_once_is_not(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path, STEADY)
    assert checkout.run().returncode == 0
    assert checkout.flaky == []


def test_what_is_noted_already_has_to_pass_at_once(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path, BUSY)
    checkout.notes.write_text(f"{HEAD}| 2026-11-26 | `{BUSY_NAME}` |\n")
    ended = checkout.run()
    assert ended.returncode == 1
    assert "mend it, or delete it" in ended.stderr


@pytest.mark.parametrize(
    ("tests", "target", "why"),
    [
        ([BUSY] * 4, "test", "4 tests have failed, more than 3"),
        ([STEADY], "broken", "no test has failed, but something else"),
    ],
    ids=["too many", "no test"],
)
def test_there_is_none_for(tests: list[str], target: str, why: str, tmp_path: Path) -> None:
    checkout = Checkout(tmp_path, *tests)
    ended = checkout.run(target)
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1].endswith(why)
    assert checkout.flaky == []


def test_what_fails_twice_is_a_failure(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path, WRONG)
    assert checkout.run().returncode == 1
    assert checkout.flaky == []
