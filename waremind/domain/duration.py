"""Durations as operators write them: `90s`, `10m`, `2h`, `1d`, `1h30m`."""

import re
from datetime import timedelta

from waremind.domain.ids import shown
from waremind.errors import ErrorCode, WaremindError

LONGEST = timedelta(days=3660)
UNIT_SECONDS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}

# Compiled when it is first used: few commands read a duration.
_DURATION = "".join(rf"(?:([0-9]{{1,10}}){unit})?" for unit in UNIT_SECONDS)


def parse_duration(text: str, *, flag: str) -> timedelta:
    """Read a duration: days, hours, minutes, seconds, each at most once, the largest first.

    Raises WaremindError (`invalid_input`) on anything else, and on more than ten years.
    """
    found = re.fullmatch(_DURATION, text.strip().lower())
    if found is None or not any(found.groups()):
        raise _refused(text, flag, "it is not a duration")
    numbers = map(int, found.groups(default="0"))
    seconds = sum(n * unit for n, unit in zip(numbers, UNIT_SECONDS.values(), strict=True))
    if seconds > LONGEST.total_seconds():
        raise _refused(text, flag, "it is longer than ten years")
    return timedelta(seconds=seconds)


def format_duration(duration: timedelta) -> str:
    """Write a duration of whole seconds the way `parse_duration` reads it."""
    rest = int(duration.total_seconds())
    written = ""
    for unit, seconds in UNIT_SECONDS.items():
        amount, rest = divmod(rest, seconds)
        written += f"{amount}{unit}" if amount else ""
    return written or "0s"


def _refused(text: str, flag: str, reason: str) -> WaremindError:
    return WaremindError(
        ErrorCode.INVALID_INPUT,
        f"cannot use {flag} {shown(text)}: {reason}",
        hint="write it like 90s, 10m, 2h, 1d or 1h30m",
    )
