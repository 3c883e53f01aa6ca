"""The terminal that a person sits at: whether there is one, its size, and whose it is now."""

from __future__ import annotations

import os

# `typing` has it, but importing that is half of what `--version` costs.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO


def is_live(stream: TextIO | None) -> bool:
    """Tell whether a person sees `stream` on a terminal."""
    return stream is not None and not stream.closed and stream.isatty()


def is_plain() -> bool:
    """Tell whether the person wants neither colour nor redrawing."""
    return bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM", "dumb") == "dumb"


def size_of(stream: TextIO) -> tuple[int, int]:
    """Measure a terminal: columns and rows; one that does not know has 80 and 24."""
    columns, rows = os.get_terminal_size(stream.fileno())
    return columns or 80, rows or 24


def in_foreground(stream: TextIO) -> bool:
    """Tell whether the terminal is ours now; a shell may run us in the background (`bg`)."""
    try:
        return os.tcgetpgrp(stream.fileno()) == os.getpgrp()
    except OSError:  # no shell has this terminal, or it is gone
        return True
