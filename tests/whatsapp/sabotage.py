"""A neonize that does harm where a test wants it: code that runs in one session's child."""

from __future__ import annotations

from pathlib import Path

HARM = "harm.py"

# A child is in its session's directory when it makes its client.
_HARM_OF_THE_SESSION = f"""
import os
if os.path.exists("{HARM}"):
    exec(compile(open("{HARM}").read(), "{HARM}", "exec"), {{}})
"""


def build(overlay: Path, directory: Path, *, without: str = "") -> Path:
    """Copy an overlay, by links, into `directory`; `without` the files of that suffix."""
    package = directory / "neonize"
    package.mkdir(parents=True)
    for path in (overlay / "neonize").iterdir():
        if path.name != "__init__.py" and not (without and path.suffix == without):
            # A session may read what is in this directory, and where Python's packages are.
            _copy(path, package / path.name)
    entrance = (overlay / "neonize" / "__init__.py").read_text()
    (package / "__init__.py").write_text(entrance)
    harm_all(package, _HARM_OF_THE_SESSION)
    return directory


def harm_all(package: Path, code: str) -> None:
    """Have this code run in each child; the package itself is imported before the fork."""
    entrance = package / "__init__.py"
    text = entrance.read_text()
    entrance.unlink()  # it may be a link to the real one
    entrance.write_text(f"""{text}
def _harmed(init):
    def __init__(self, *arguments, **options):
        exec(compile({code!r}, "harm", "exec"), {{}})
        init(self, *arguments, **options)
    return __init__

NewClient.__init__ = _harmed(NewClient.__init__)
""")


def _copy(path: Path, target: Path) -> None:
    if path.is_symlink():
        target.symlink_to(path.resolve())
    else:
        target.hardlink_to(path)


def harm(session_directory: Path, code: str) -> None:
    """Have this code run in the children of that session's directory."""
    session_directory.mkdir(parents=True, exist_ok=True)
    (session_directory / HARM).write_text(code)
