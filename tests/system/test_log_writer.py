"""The log is written beside the daemon: who does not read it keeps nobody waiting."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator

import pytest

from waremind.daemon.system import log_writer
from waremind.daemon.system.log_writer import LogWriter

PATIENCE_SECONDS = 10


class Stuck(logging.Handler):
    """A log that somebody reads only when `goes_on` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.goes_on = threading.Event()
        self.written: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.goes_on.wait(PATIENCE_SECONDS)
        self.written.append(record.getMessage())


@pytest.fixture
def stuck() -> Iterator[Stuck]:
    handler = Stuck()
    yield handler
    handler.goes_on.set()


def record(text: str, *args: object) -> logging.LogRecord:
    return logging.makeLogRecord({"msg": text, "args": args})


def test_a_log_that_nobody_reads_keeps_nobody_waiting_and_loses_no_order(stuck: Stuck) -> None:
    writer = LogWriter(stuck)
    said = [1]
    writer.handle(record("%s", said))
    said.append(2)  # it was logged before
    for number in range(10):
        writer.handle(record(str(number)))
    assert stuck.written == []
    stuck.goes_on.set()
    writer.flush()
    assert stuck.written == ["[1]", *map(str, range(10))]


def test_what_no_longer_fits_is_counted(stuck: Stuck, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_writer, "MOST_RECORDS", 5)
    writer = LogWriter(stuck)
    for number in range(20):
        writer.handle(record(str(number)))
    stuck.goes_on.set()
    writer.flush()
    writer.handle(record("last"))
    writer.flush()
    assert stuck.written[0] == "0"
    assert "lost log records" in stuck.written
    assert len(stuck.written) < 20


def test_a_log_that_is_never_read_again_does_not_keep_the_daemon_from_ending(
    stuck: Stuck, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_writer, "FLUSH_SECONDS", 0.05)
    writer = LogWriter(stuck)
    writer.handle(record("unread"))
    writer.flush()
    assert stuck.written == []
