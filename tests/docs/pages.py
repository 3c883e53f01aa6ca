"""The pages that people read, and the fenced blocks in them.

A comment on the line before a block says what the test has to know:
`<!-- skip: why it cannot run here -->`, `<!-- systemd -->` (it runs in a booted systemd),
`<!-- debian -->` (it runs on a fresh Debian, with the network),
`<!-- machine: NAME -->` (it runs on one of several machines, in
tests/cluster/faults),
`<!-- daemon -->` (it runs until the page ends), `<!-- file: NAME -->` (a reader saves it so).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))

COMMANDS = ("sh", "console", "cron")
_BLOCK = re.compile(
    r"(?:^<!-- (?P<note>[^\n]*) -->\n)?^```(?P<language>\w*)\n(?P<body>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_NOTE = re.compile(r"(?P<word>skip|systemd|debian|daemon|file|machine)(?:: (?P<detail>.+))?")


@dataclass(frozen=True)
class Block:
    """A fenced block; `word` and `detail` are what the comment before it says."""

    page: Path
    line: int
    language: str
    body: str
    word: str = ""
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"

    @property
    def is_command(self) -> bool:
        """Whether a reader types it."""
        return self.language in COMMANDS


def blocks_of(page: Path) -> Iterator[Block]:
    """Read a page's blocks in their order."""
    text = page.read_text()
    for found in _BLOCK.finditer(text):
        note = _NOTE.fullmatch(found["note"] or "")
        yield Block(
            page,
            text.count("\n", 0, found.start("language")) + 1,
            found["language"],
            found["body"],
            note["word"] if note else "",
            (note["detail"] if note else "") or "",
        )
