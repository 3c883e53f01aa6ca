"""Zero bytes in JSON text: no program takes one in a name, and PostgreSQL takes none in a text."""

import re

_ESCAPED = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")  # not what follows an escaped backslash


def has_zero_byte(line: bytes) -> bool:
    """Tell whether a string of this JSON text has a zero byte."""
    return _ESCAPED.search(line) is not None


def without_zero_bytes(line: bytes) -> bytes:
    """Return this JSON text without the zero bytes of its strings."""
    return _ESCAPED.sub(rb"\1", line) if b"\\u0000" in line else line
