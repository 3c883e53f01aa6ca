"""A warning that comes again and again is told once, then each minute with how often it came."""

import logging
from dataclasses import dataclass

EVERY_SECONDS = 60.0
# Who says the same at each try, and is not ours to change.
FOREIGN = frozenset({"psycopg", "psycopg.pool"})
# More than this are not known apart: the oldest is told anew.
KNOWN_AT_MOST = 256


@dataclass(slots=True)
class _Told:
    """When a warning was told last, and how often it came since."""

    at: float
    kept_back: int = 0


class Repeats(logging.Filter):
    """Keeps back what was told within the last minute, where its record is marked as a retry."""

    def __init__(self) -> None:
        super().__init__()
        self._told: dict[tuple[str, ...], _Told] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether to log a record; one that was kept back meanwhile gets its number."""
        if not _is_retry(record):
            return True
        key = _key(record)
        told = self._told.get(key)
        if told and 0 <= record.created - told.at < EVERY_SECONDS:
            told.kept_back += 1
            return False
        if told and told.kept_back:
            fields = getattr(record, "fields", {})
            record.fields = fields | {"times": told.kept_back + 1}
        self._remember(key, record.created)
        return True

    def _remember(self, key: tuple[str, ...], at: float) -> None:
        self._told.pop(key, None)
        if len(self._told) == KNOWN_AT_MOST:
            del self._told[next(iter(self._told))]
        self._told[key] = _Told(at)


def _is_retry(record: logging.LogRecord) -> bool:
    foreign = record.name in FOREIGN and record.levelno >= logging.WARNING
    return foreign or getattr(record, "is_retry", False)


def _key(record: logging.LogRecord) -> tuple[str, ...]:
    error = record.exc_info[1] if record.exc_info else None
    return record.name, record.getMessage(), str(getattr(record, "fields", {})), repr(error)
