"""The daemon's log: rotated as logrotate's `copytruncate` does, and read for what must not be."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from daemon_process import DaemonProcess

# What a busy life makes the daemon say aloud. Everything else is a fault.
EXPECTED = (
    # What operators and their configurations do.
    r" warning waremind\.daemon\.delivery\.holds (frozen|thawed) ",
    r" error waremind\.daemon\.system\.settings cannot reload .*log_level",
    r" warning waremind\.daemon\.api\.connection client reads nothing",
    # All operators are one Unix user, who asks for much at once on a slow machine.
    r" warning waremind\.daemon\.api\.admission busy uid=",
    # What was asked of a session that ended meanwhile.
    r" warning waremind\.daemon\.system\.tasks cannot finish .*(session has ended|not connected)",
    # What the engine prints of connections that end.
    r" printed: \w+ whatsmeow\.Client: (Got 503 stream error|Temporary ban connect failure)",
    r" printed: \w+ whatsmeow\.Client: Closing handler queue loop .*<stream:error ",
    r" printed: \w+ whatsmeow\.Client: Failed to send post-connect passive IQ: websocket disconn",
    r" printed: \w+ whatsmeow\.Client\.Socket: Error reading from websocket",
    # A device that is unlinked or unpaired while it encrypts: its keys are gone.
    r" printed: \w+ whatsmeow\.Client: Failed to encrypt .*(FOREIGN KEY|use of deleted device)",
)
# What it says besides when PostgreSQL was away, or its lock somebody else's, that day.
IN_AN_OUTAGE = (
    r" error waremind\.daemon\.system\.postgres postgres ended ",
    r" error waremind\.postgres postgres: FATAL:  (terminating connection|the database system)",
    r" warning waremind\.daemon\.system\.failures cannot go on yet .*(database|deliver messages)",
    r" warning waremind\.daemon\.accounts\.account adopted ",  # what was written unheard
    r" warning psycopg(\.pool|\.transaction)? ",
    r" warning .*(cannot reach|cannot use) the database",
)
LINE = re.compile(r"\S+ (?P<level>debug|info|warning|error|critical) ")


class Log:
    """Reads the log on from where it was read last."""

    def __init__(self, daemon: DaemonProcess) -> None:
        self._file = daemon.log_file
        self._read = 0

    def rotate(self) -> None:
        """Empty the file under the daemon, which goes on writing at its end."""
        os.truncate(self._file, 0)
        self._read = 0

    def unexpected(self, *, outage: bool) -> Iterator[str]:
        """Yield the lines since the last time that say what is not expected."""
        with self._file.open("rb") as file:
            file.seek(self._read)
            text = file.read()
        self._read += len(text)
        expected = re.compile("|".join(EXPECTED + IN_AN_OUTAGE * outage))
        return (line for line in text.decode().splitlines() if _is_unexpected(line, expected))


def _is_unexpected(line: str, expected: re.Pattern[str]) -> bool:
    """Tell whether a line is a warning that is not expected, or no event at all."""
    found = LINE.match(line)
    if found is None:
        return True
    return found["level"] not in {"debug", "info"} and not expected.search(line)
