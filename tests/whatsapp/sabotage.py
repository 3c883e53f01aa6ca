"""A neonize that does harm where a test wants it: code that runs in one session's child."""

from __future__ import annotations

from pathlib import Path

HARM = "harm.py"

# A child goes to its session's directory before it imports neonize.
_ENTRANCE = """
import os
if os.path.exists("harm.py"):
    exec(compile(open("harm.py").read(), "harm.py", "exec"), {})
"""


def build(overlay: Path, directory: Path, *, without: str = "") -> Path:
    """Copy an overlay, by links, into `directory`; `without` the files of that suffix."""
    package = directory / "neonize"
    package.mkdir(parents=True)
    for path in (overlay / "neonize").iterdir():
        if path.name != "__init__.py" and not (without and path.suffix == without):
            # A session may read what is in this directory, and where Python's packages are.
            _copy(path, package / path.name)
    entrance = _ENTRANCE + (overlay / "neonize" / "__init__.py").read_text()
    (package / "__init__.py").write_text(entrance)
    return directory


def _copy(path: Path, target: Path) -> None:
    if path.is_symlink():
        target.symlink_to(path.resolve())
    else:
        target.hardlink_to(path)


def harm(session_directory: Path, code: str) -> None:
    """Have this code run in the children of that session's directory."""
    session_directory.mkdir(parents=True, exist_ok=True)
    (session_directory / HARM).write_text(code)
