"""Writes the log beside the daemon: a reader that stands still keeps nothing else waiting."""

import logging
import queue
import threading

MOST_RECORDS = 10_000
FLUSH_SECONDS = 1.0


class LogWriter(logging.Handler):
    """Hands records to another handler in a thread of its own, in order.

    A pipe or a journal that is full makes who writes wait. What no longer fits is counted, and the
    number is told as soon as something is written again.
    """

    def __init__(self, target: logging.Handler) -> None:
        super().__init__()
        self._target = target
        self._records: queue.Queue[logging.LogRecord] = queue.Queue(MOST_RECORDS)
        self._lost = 0
        threading.Thread(target=self._write, name="log", daemon=True).start()

    def emit(self, record: logging.LogRecord) -> None:
        """Take a record; its message is what it says now."""
        record.msg, record.args = record.getMessage(), None
        try:
            self._records.put_nowait(record)
        except queue.Full:
            self._lost += 1

    def flush(self) -> None:
        """Wait until all is written, but not for long."""
        done = self._records.all_tasks_done
        with done:
            done.wait_for(lambda: not self._records.unfinished_tasks, FLUSH_SECONDS)

    def _write(self) -> None:
        while True:
            record = self._records.get()
            self._target.handle(record)
            self._records.task_done()
            lost, self._lost = self._lost, 0
            if lost:
                self._target.handle(_told(lost))


def _told(lost: int) -> logging.LogRecord:
    return logging.makeLogRecord(
        {
            "name": __name__,
            "levelno": logging.WARNING,
            "levelname": "WARNING",
            "msg": "lost log records",
            "fields": {"records": lost},
        }
    )
