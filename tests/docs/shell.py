"""A reader's shell: each block of a page goes on where the one before ended."""

from __future__ import annotations

import contextlib
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

END_SECONDS = 20
READY = " ready socket="  # PostgreSQL too says that it is ready, in other words
STRICT = "set -euo pipefail"
# What a block leaves to the next one: the directory and the exported variables.
_FRAME = """\
. {state}
cd "$PWD"
trap 'export -p > {state}' EXIT
{options}
{script}
"""


class Shell:
    """Runs scripts in bash; each line that they print is shown to `see`."""

    def __init__(
        self, directory: Path, environment: Mapping[str, str], see: Callable[[str], None]
    ) -> None:
        self._environment = dict(environment)
        self._see = see
        self._state = Path(environment["HOME"]) / "state.sh"
        self._state.write_text(f"PWD={directory}\n")

    def run(self, script: str, options: str = "") -> tuple[int, str]:
        """Run a script to its end; returns its exit code and all that it printed."""
        printed = ""
        with self._started(script, options) as process:
            for line in _lines(process):
                printed += line
                self._see(line)
        return process.returncode, printed

    @contextlib.contextmanager
    def daemon(self, script: str) -> Iterator[None]:
        """Run a daemon until the end of the `with`, which begins when it says that it is ready."""
        with self._started(f"exec {script}") as process:
            log = _lines(process)
            said = ""
            while READY not in said:
                said += next(log, None) or _fail(said)
            reader = threading.Thread(target=lambda: list(log))
            reader.start()
            try:
                yield
            finally:
                process.terminate()
                process.wait(END_SECONDS)
                reader.join()

    def _started(self, script: str, options: str = "") -> subprocess.Popen[str]:
        text = _FRAME.format(state=self._state, options=options, script=script)
        return subprocess.Popen(
            ["bash", "-c", text],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


def _lines(process: subprocess.Popen[str]) -> Iterator[str]:
    assert process.stdout
    return iter(process.stdout.readline, "")


def _fail(said: str) -> str:
    raise AssertionError(f"the daemon did not start:\n{said}")
