"""The port to WhatsApp: how the daemon opens sessions and what it may ask of them.

Two implementations obey one conformance suite: `process_gateway.ProcessGateway`, which runs neonize
in a child process for each account, and the scripted one of the tests.
"""

from collections.abc import AsyncIterable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from waremind.domain.media import MediaKind
from waremind.whatsapp.reports import AnyReport, GroupSnapshot, NotUploaded, Outcome

OnReport = Callable[[AnyReport], None]


@dataclass(frozen=True, slots=True)
class Pairing:
    """How to link: by QR, or by a pairing code for `phone` (digits, no plus)."""

    phone: str | None = None


@dataclass(frozen=True, slots=True)
class Opening:
    """What a session needs to know: whose it is, its number, and where the device's keys lie."""

    account: str
    session: int
    directory: Path
    pairing: Pairing | None = None  # None: log in with the keys in `directory`


@dataclass(frozen=True, slots=True)
class Media:
    """An image or a document, by its content's SHA-256 and size in bytes; `type` is RFC 2046's.

    An image's width and height, in pixels, are there where they are known.
    """

    kind: MediaKind
    sha256: str
    size: int
    type: str
    name: str
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """A text to a group, or the caption of what was uploaded as `media`.

    `mentions` are the LIDs of the members to notify, `mentions_all` lets each phone notify its
    owner; after `expiration_seconds` (0: never) it disappears, which is the group's to say.
    """

    group: str
    text: str
    mentions: tuple[str, ...] = ()
    mentions_all: bool = False
    expiration_seconds: int = 0
    media: Media | None = None


class Session(Protocol):
    """One run of an account's child process."""

    @property
    def number(self) -> int:
        """The session's number."""
        ...

    async def end(self, *, log_out: bool = False) -> bool:
        """End it within 5 s, whatever it is doing; may be called again, answers the same.

        With `log_out` the device is first unlinked at WhatsApp, as far as that can be done in
        time. Returns whether WhatsApp no longer lists the device (also when there never was one).
        """
        ...

    async def groups(self) -> list[GroupSnapshot]:
        """Fetch all groups of the account.

        Raises WaremindError `not_connected`, `rate_limited`, `timed_out` or `refused`.
        """
        ...

    async def group(self, jid: str) -> GroupSnapshot | None:
        """Fetch one group; None when the account is not in it. Raises as `groups` does."""
        ...

    async def send(self, message: Message) -> Outcome:
        """Send one message and wait for WhatsApp's ack; never raises for what WhatsApp does."""
        ...

    async def upload(self, media: Media, content: AsyncIterable[bytes]) -> NotUploaded | None:
        """Hand a file to WhatsApp, for messages of this session; None: it is there.

        `content` is not read when it was uploaded lately. Nothing was sent, whatever goes wrong.
        """
        ...

    async def revoke(self, group: str, message_id: str) -> Outcome:
        """Delete for everyone what the account has sent to a group; ends as `send` does.

        `Sent` bears the deletion's own id. A message that is gone already is deleted again.
        """
        ...


class Gateway(Protocol):
    """Opens sessions, one at a time for each account."""

    async def open(self, opening: Opening, on_report: OnReport) -> Session:
        """Open a session once the account's previous one is gone.

        `on_report` is called on the event loop with each report, in order; the last one is `ended`,
        exactly once, when the child process is gone.
        """
        ...

    async def log_out(self, opening: Opening, within_seconds: float) -> bool:
        """Open a session only to unlink the device; no child is left when it returns."""
        ...

    def owns(self, pid: int) -> bool:
        """Tell whether a process is one of its sessions'."""
        ...

    async def close(self) -> None:
        """End every session within 8 s; no child is left."""
        ...
