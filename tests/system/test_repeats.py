"""What comes again and again is told once, then each minute with how often it came."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from waremind.daemon.system.logs import TextFormatter, event, retry
from waremind.daemon.system.repeats import EVERY_SECONDS, KNOWN_AT_MOST, Repeats


class Journal(logging.Handler):
    """Keeps the lines that are logged; each record comes at the time that a test has set."""

    def __init__(self) -> None:
        super().__init__()
        self.addFilter(self._at_the_time)
        self.addFilter(Repeats())
        self.seconds = 1_000_000.0
        self.lines: list[str] = []

    def _at_the_time(self, record: logging.LogRecord) -> bool:
        record.created = self.seconds
        return True

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(TextFormatter().format(record).partition(f"{record.name} ")[2])


@pytest.fixture
def journal() -> Iterator[Journal]:
    journal = Journal()
    loggers = [logging.getLogger(name) for name in ("waremind.test", "psycopg.pool")]
    for logger in loggers:
        logger.addHandler(journal)
    yield journal
    for logger in loggers:
        logger.removeHandler(journal)


@pytest.fixture
def log() -> logging.Logger:
    return logging.getLogger("waremind.test")


def test_the_same_failure_118_times_in_24_seconds_is_told_once_and_then_with_its_number(
    journal: Journal, log: logging.Logger
) -> None:
    for _ in range(118):
        retry(log, "cannot go on yet", work="send", reason="away")
        journal.seconds += 24 / 118
    journal.seconds += EVERY_SECONDS
    retry(log, "cannot go on yet", work="send", reason="away")
    told = "cannot go on yet work=send reason=away"
    assert journal.lines == [told, f"{told} times=118"]


def test_another_reason_is_told_at_once(journal: Journal, log: logging.Logger) -> None:
    for reason in ("away", "full", "away", "full"):
        retry(log, "cannot go on yet", reason=reason)
    assert journal.lines == ["cannot go on yet reason=away", "cannot go on yet reason=full"]


def test_what_is_no_retry_is_always_told(journal: Journal, log: logging.Logger) -> None:
    for _ in range(3):
        event(log, "frozen", logging.WARNING, by="root")
    assert journal.lines == ["frozen by=root"] * 3


def test_the_pool_of_connections_is_kept_as_short(journal: Journal) -> None:
    for _ in range(50):
        logging.getLogger("psycopg.pool").warning("error connecting in %r: %s", "pool-1", "refused")
    assert journal.lines == ["error connecting in 'pool-1': refused"]


def test_a_bug_at_each_try_has_its_traceback_once(journal: Journal, log: logging.Logger) -> None:
    for _ in range(50):
        retry(log, "a bug", logging.ERROR, bug=ValueError("odd"), work="send")
    assert len(journal.lines) == 1
    assert journal.lines[0].endswith("ValueError: odd")


def test_a_clock_that_is_set_back_hides_nothing(journal: Journal, log: logging.Logger) -> None:
    retry(log, "cannot go on yet")
    journal.seconds -= 86_400
    retry(log, "cannot go on yet")
    assert len(journal.lines) == 2


def test_thousands_of_different_ones_take_no_memory(log: logging.Logger, journal: Journal) -> None:
    for number in range(KNOWN_AT_MOST * 4):
        retry(log, "cannot accept", reason=number)
    retry(log, "cannot accept", reason=0)
    assert len(journal.lines) == KNOWN_AT_MOST * 4 + 1
