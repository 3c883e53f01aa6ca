"""How a child speaks to its parent; some reports are its last."""

import os
import socket
import threading

from waremind.domain.lifecycle import Cause
from waremind.whatsapp.reports import Turned
from waremind.whatsapp.requests import Said, line

# After these nothing more can come of a session: its child leaves by itself.
FINAL = frozenset(
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


class Voice:
    """Says one thing at a time, whichever thread has something to say."""

    def __init__(self, session: int, protocol: socket.socket) -> None:
        self.session = session
        self._protocol = protocol
        self._speaking = threading.Lock()

    def say(self, *said: Said) -> None:
        """Say it in one go; does not return after a final report, or when nobody listens any more.

        The parent is woken once by what is said at once.
        """
        with self._speaking:
            try:
                self._protocol.sendall(b"".join(map(line, said)))
            except OSError:
                os._exit(0)
            if any(isinstance(each, Turned) and each.cause in FINAL for each in said):
                os._exit(0)

    def turn(self, cause: Cause, detail: str) -> None:
        """Report a turn in the account's life."""
        self.say(Turned(session=self.session, cause=cause, detail=detail))
