"""How a name is written in a sentence and in a command: as a shell takes it."""

import re
from shlex import quote

_PLAIN = r"[\w./:@+-]+"  # compiled when it is first used: many commands print no name
# Quotes, the easiest to read first, with what would not stay as it is between them.
_QUOTES = {"'": {"'"}, '"': set('"$`\\!')}


def quoted(name: str) -> str:
    """Write a name as one word: a plain one stands bare, any other between quotes."""
    if re.fullmatch(_PLAIN, name):
        return name
    for mark, special in _QUOTES.items():
        if not special & set(name):
            return f"{mark}{name}{mark}"
    return quote(name)
