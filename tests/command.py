"""The command line as a whole process, and what it left."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROGRAM = Path(sys.executable).with_name("waremind")


@dataclass(frozen=True)
class Ended:
    """What a process left."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """What stdout says as JSON."""
        return json.loads(self.out)

    @property
    def error(self) -> Any:
        """The error object on the last line of stderr."""
        return json.loads(self.err.splitlines()[-1])["error"]


def run(*arguments: str | bytes, environment: Mapping[str, str], stdin: bytes = b"") -> Ended:
    """Run `waremind ARGUMENTS…` to its end, its streams in pipes."""
    process = subprocess.run(
        [PROGRAM, *arguments],
        input=stdin,
        capture_output=True,
        env=environment,
        timeout=60,
        check=False,
    )
    return Ended(process.returncode, process.stdout.decode(), process.stderr.decode())
