"""The child's end of the socketpair: writes whole lines; some reports are its last."""

import os
import socket
import threading

from waremind.domain.lifecycle import Cause
from waremind.whatsapp.child_protocol import ChildMessage, encode_line
from waremind.whatsapp.reports import LifeReport

# After these nothing more can come of a session: its child exits by itself.
FINAL_CAUSES = frozenset(
    {
        Cause.LOGGED_OUT,
        Cause.BANNED,
        Cause.TEMPORARY_BAN,
        Cause.REFUSED,
        Cause.REPLACED,
        Cause.CLIENT_OUTDATED,
        Cause.CONNECT_FAILED,
        Cause.PAIRING_TIMED_OUT,
        Cause.PAIRING_FAILED,
        Cause.PASSKEY_REQUIRED,
    }
)


class ReportWriter:
    """Writes one batch of messages at a time, from whichever thread."""

    def __init__(self, session: int, protocol: socket.socket) -> None:
        self.session = session
        self._protocol = protocol
        self._lock = threading.Lock()

    def write(self, *messages: ChildMessage) -> None:
        """Write messages in one go; exit after a final report, or when the parent has gone.

        The parent is woken once by what is written at once.
        """
        with self._lock:
            try:
                self._protocol.sendall(b"".join(map(encode_line, messages)))
            except OSError:
                os._exit(0)
            if any(
                isinstance(each, LifeReport) and each.cause in FINAL_CAUSES for each in messages
            ):
                os._exit(0)

    def report(self, cause: Cause, detail: str) -> None:
        """Write a report about the account's life."""
        self.write(LifeReport(session=self.session, cause=cause, detail=detail))
