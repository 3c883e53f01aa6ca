"""Which engine can open keys that another one has written: none that is older."""

import re

_NUMBERS = re.compile(r"\d+(?:\.\d+)*")


def opens(engine: str, written_by: str) -> bool:
    """Tell whether an engine (by its version) can open what one has written; empty: any has."""
    return _numbers(engine) >= _numbers(written_by)


def _numbers(version: str) -> tuple[int, ...]:
    found = _NUMBERS.match(version)
    return tuple(map(int, found[0].split("."))) if found else ()
