"""The journal's own protocol (https://systemd.io/JOURNAL_NATIVE_PROTOCOL): events with fields."""

import array
import fcntl
import logging
import os
import socket
import struct
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

SOCKET = Path("/run/systemd/journal/socket")
SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL
# The levels of syslog(3).
PRIORITIES = {
    logging.DEBUG: 7,
    logging.INFO: 6,
    logging.WARNING: 4,
    logging.ERROR: 3,
    logging.CRITICAL: 2,
}


class JournalHandler(logging.Handler):
    """Sends each record with its fields: `journalctl WAREMIND_ACCOUNT=ops`."""

    def __init__(
        self, fields_of: Callable[[logging.LogRecord], Mapping[str, Any]], path: Path = SOCKET
    ) -> None:
        super().__init__()
        self._fields_of = fields_of
        self._path = str(path)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)

    def emit(self, record: logging.LogRecord) -> None:
        """Send a record; one for which a datagram is too small goes by a sealed file."""
        try:
            entry = b"".join(_assignment(*pair) for pair in self._entry(record))
            try:
                self._socket.sendto(entry, self._path)
            except OSError:
                self._send_file(entry)
        except Exception:  # noqa: BLE001 - logging's rule: a log never ends what it tells of
            self.handleError(record)

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()
        super().close()

    def _entry(self, record: logging.LogRecord) -> Iterator[tuple[str, str]]:
        yield "MESSAGE", self.format(record)
        yield "PRIORITY", str(PRIORITIES.get(record.levelno, 5))
        yield "SYSLOG_IDENTIFIER", "waremind"
        yield "WAREMIND_LOGGER", record.name
        yield "WAREMIND_EVENT", record.getMessage()
        for name, value in self._fields_of(record).items():
            yield f"WAREMIND_{name.upper()}", str(value)

    def _send_file(self, entry: bytes) -> None:
        file = os.memfd_create("journal", os.MFD_ALLOW_SEALING | os.MFD_CLOEXEC)
        try:
            os.write(file, entry)
            fcntl.fcntl(file, fcntl.F_ADD_SEALS, SEALS)
            rights = array.array("i", [file])
            ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)]
            self._socket.sendmsg([], ancillary, 0, self._path)
        finally:
            os.close(file)


def _assignment(name: str, value: str) -> bytes:
    """Write a field; one of several lines carries its length."""
    text = value.encode(errors="replace")
    if b"\n" not in text:
        return b"%s=%s\n" % (name.encode(), text)
    return b"%s\n%s%s\n" % (name.encode(), struct.pack("<Q", len(text)), text)
