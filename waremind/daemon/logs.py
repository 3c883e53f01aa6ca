"""The log: one event a line, key=value; account and session are always named."""

import logging
from typing import Any


def event(log: logging.Logger, name: str, level: int = logging.INFO, **fields: Any) -> None:
    """Log an event; `fields` stay apart from its name, so that a journal can index them."""
    log.log(level, name, extra={"fields": fields})


def _shown(value: object) -> str:
    text = str(value)
    plain = text and text.isprintable() and not set(text) & set(" \"'=")
    return text if plain else repr(text)


def fields_of(record: logging.LogRecord) -> dict[str, Any]:
    """Read the fields that `event` attached."""
    return getattr(record, "fields", {})


class TextFormatter(logging.Formatter):
    """`2026-12-01T09:00:00+0000 info waremind.daemon turned account=ops state=connected`."""

    default_time_format = "%Y-%m-%dT%H:%M:%S%z"
    default_msec_format = None

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's own name
        """Write one line."""
        fields = "".join(f" {key}={_shown(value)}" for key, value in fields_of(record).items())
        when = self.formatTime(record)
        message = record.message if record.message.isprintable() else repr(record.message)
        return f"{when} {record.levelname.lower()} {record.name} {message}{fields}"


def start(level: str) -> None:
    """Send the log to stderr."""
    handler = logging.StreamHandler()
    handler.setFormatter(TextFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
