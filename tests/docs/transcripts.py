"""Console blocks: commands after `$ `, and below each what it prints; `…` stands for anything."""

from __future__ import annotations

import re
from collections.abc import Iterator

_PROMPT, _MORE = "$ ", "> "


def steps(body: str) -> Iterator[tuple[str, str]]:
    """Split a block into commands with what each shall print."""
    command, expected = "", ""
    for line in body.splitlines(keepends=True):
        if line.startswith(_PROMPT):
            if command:
                yield command, expected
            command, expected = line.removeprefix(_PROMPT), ""
        elif line.startswith(_MORE) and not expected:
            command += line.removeprefix(_MORE)
        else:
            expected += line
    yield command, expected


def is_as_printed(expected: str, printed: str) -> bool:
    """Tell whether a program printed what the page says."""
    pattern = ".*?".join(map(re.escape, _lines(expected).split("…")))
    return re.fullmatch(pattern, _lines(printed), re.DOTALL) is not None


def _lines(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip().splitlines())
