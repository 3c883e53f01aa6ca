"""The installed neonize as if it had been made today: an old one needs a person, rightly.

All of it is symbolic links, but for the library, in which the date of its revision is another.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

_REVISION = re.compile(rb"(go\.mau\.fi/whatsmeow[@\t ]v0\.0\.0-)\d{8}")


def build(directory: Path) -> Path:
    """Make `directory`/neonize; the directory goes first on PYTHONPATH."""
    spec = find_spec("neonize")
    assert spec
    package = directory / "neonize"
    package.mkdir()
    for path in Path((spec.submodule_search_locations or [""])[0]).iterdir():
        if path.suffix == ".so":
            (package / path.name).write_bytes(made_on(path.read_bytes(), datetime.now(UTC)))
        else:
            (package / path.name).symlink_to(path)
    return directory


def made_on(library: bytes, day: datetime) -> bytes:
    """Return the library with another date of its revision."""
    patched, count = _REVISION.subn(rb"\g<1>" + day.strftime("%Y%m%d").encode(), library)
    assert count
    return patched
