"""The log: one event a line, as text, as JSON, or in the journal with its fields."""

import json
import logging
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from waremind.daemon.system.journal import JournalHandler
from waremind.daemon.system.log_writer import LogWriter
from waremind.daemon.system.repeats import Repeats
from waremind.domain.characters import escaped

Fields = dict[str, Any]


def event(log: logging.Logger, name: str, level: int = logging.INFO, **fields: Any) -> None:
    """Log an event; `fields` stay apart from its name, so that a journal can index them."""
    log.log(level, name, extra={"fields": fields})


def retry(
    log: logging.Logger,
    name: str,
    level: int = logging.WARNING,
    *,
    bug: Exception | None = None,
    **fields: Any,
) -> None:
    """Log why something that is tried again failed: the same once, then each minute (`Repeats`)."""
    log.log(level, name, exc_info=bug, extra={"fields": fields, "is_retry": True})


def fields_of(record: logging.LogRecord) -> Fields:
    """Read the fields that `event` attached."""
    return getattr(record, "fields", {})


def _shown(value: object) -> str:
    text = str(value)
    return _quoted(text) if not text or set(text) & set(" \"'=") else _readable(text)


def _readable(text: str) -> str:
    return text if escaped(text) == text else _quoted(text)


def _quoted(text: str) -> str:
    r"""Write a text as Python does, what nobody sees as its escape: `'a\u3164b'`."""
    return escaped(repr(text))


def sentence_of(record: logging.LogRecord) -> str:
    """Write an event in one line: `transition account=ops session=3`."""
    shown = _readable(record.getMessage())
    return shown + "".join(f" {key}={_shown(value)}" for key, value in fields_of(record).items())


def _at(record: logging.LogRecord) -> datetime:
    return datetime.fromtimestamp(record.created, UTC)


class TextFormatter(logging.Formatter):
    """`2026-12-01T09:00:00.123+01:00 info waremind.daemon transition account=ops`."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's own name
        """Write one line."""
        at = _at(record).astimezone().isoformat(timespec="milliseconds")
        return f"{at} {record.levelname.lower()} {record.name} {sentence_of(record)}"


class JournalFormatter(logging.Formatter):
    """`transition account=ops state=connected`: the journal knows when, and how grave."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's own name
        """Write one line."""
        return sentence_of(record)


class JsonFormatter(logging.Formatter):
    """`{"at": "2026-12-01T09:00:00.123Z", "level": "info", "event": "transition", …}`."""

    def format(self, record: logging.LogRecord) -> str:
        """Write one line; an event's own fields never hide these."""
        at = _at(record).isoformat(timespec="milliseconds")
        about: Fields = {
            "at": at.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        if record.exc_info:
            about["traceback"] = self.formatException(record.exc_info)
        return json.dumps(fields_of(record) | about, default=str, ensure_ascii=False)


def _to_stderr(formatter: logging.Formatter) -> logging.Handler:
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    return handler


def _to_journal() -> logging.Handler:
    handler = JournalHandler(fields_of)
    handler.setFormatter(JournalFormatter())
    return handler


_HANDLERS: dict[str, Callable[[], logging.Handler]] = {
    "text": lambda: _to_stderr(TextFormatter()),
    "json": lambda: _to_stderr(JsonFormatter()),
    "journal": _to_journal,
}


def start(log_format: str, level: str) -> None:
    """Begin to log; `auto` is the journal where systemd leads stderr there, else text."""
    chosen = ("journal" if is_journal() else "text") if log_format == "auto" else log_format
    handler = _HANDLERS[chosen]()
    handler.addFilter(Repeats())
    logging.basicConfig(level=level.upper(), handlers=[LogWriter(handler)], force=True)
    logging.captureWarnings(capture=True)


def set_level(level: str) -> None:
    """Log from this level on."""
    logging.getLogger().setLevel(level.upper())


def is_journal() -> bool:
    """Tell whether stderr is the journal's, as systemd.exec(5) says of JOURNAL_STREAM."""
    stream = os.environ.get("JOURNAL_STREAM")
    if not stream:
        return False
    file = os.fstat(sys.stderr.fileno())
    return stream == f"{file.st_dev}:{file.st_ino}"
