"""Addresses on WhatsApp's network: who, on which server, which of their devices."""

from __future__ import annotations

from dataclasses import dataclass

PHONE_NUMBER = "s.whatsapp.net"
LID = "lid"
GROUP = "g.us"


@dataclass(frozen=True, order=True)
class JID:
    """A user, a user's device, a group, or (without a user) a server."""

    user: str = ""
    server: str = PHONE_NUMBER
    device: int = 0

    @classmethod
    def parse(cls, text: str) -> JID:
        """Read `user[:device]@server`, or a bare server."""
        user, at, server = text.rpartition("@")
        if not at:
            return cls("", text)
        user, _, device = user.partition(":")
        return cls(user, server, int(device or 0))

    def __str__(self) -> str:
        user = f"{self.user}:{self.device}" if self.device else self.user
        return f"{user}@{self.server}" if user else self.server


SERVER = JID()
