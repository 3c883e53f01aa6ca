"""What the server tells a test: plain records that cross the control socket."""

from __future__ import annotations

from msgspec import Struct, field


class Media(Struct, kw_only=True):
    """A file that came with a message, as a phone saved it."""

    path: str
    """Where it was uploaded to."""
    mime: str
    size: int
    """Bytes."""
    sha256: str
    file_name: str
    """What a document is called; empty for an image."""
    thumbnail: bool
    """The message shows a small picture before the file is fetched."""


class Message(Struct, kw_only=True):
    """A message as it reached WhatsApp, and as its recipients' devices read it."""

    id: str
    sender: str
    """The sending device: `phone:device@s.whatsapp.net`."""
    to: str
    """The JID it was addressed to: a group, a phone number or a LID."""
    at: float
    """Unix time of its arrival."""
    transmissions: int = 1
    """How often the same id arrived: a client sends it again after a cut."""
    refused: int | None = None
    """The error its ack carried."""
    devices: dict[str, str] = field(default_factory=dict[str, str])
    """Device → the kind of ciphertext made for it alone (`pkmsg`, `msg`)."""
    texts: dict[str, str] = field(default_factory=dict[str, str])
    """Device → what it read."""
    edit: str = ""
    """What the stanza changes: `7` deletes one's own message, `8` somebody else's, as an admin."""
    kind: str = ""
    """What was in the envelope: `conversation`, `extendedTextMessage`, `revoke` …"""
    mentions: list[str] = field(default_factory=list[str])
    """The JIDs that the text mentions."""
    mentions_all: bool = False
    """Everybody is mentioned, without a list (`nonJIDMentions`)."""
    expiration: int = 0
    """Seconds after which phones delete it; 0 is never, or that the sender is too old to know."""
    media: Media | None = None
    deletes: str = ""
    """The id of the message that it asks phones to delete."""
    deleted: dict[str, str] = field(default_factory=dict[str, str])
    """Device → who deleted the message there, by LID."""
    errors: dict[str, str] = field(default_factory=dict[str, str])
    """Device → why it could not read its ciphertext."""

    @property
    def text(self) -> str:
        """The one text that every device read."""
        if len(set(self.texts.values())) != 1 or self.errors:
            raise AssertionError(f"message {self.id}: texts {self.texts}, errors {self.errors}")
        return next(iter(self.texts.values()))


class Presence(Struct, kw_only=True):
    """What a device said of itself."""

    device: str
    kind: str
    """`available`: the phone goes quiet. `unavailable`: it rings again."""
    name: str
    """The name that others see; without any presence they may see `-`."""
    at: float
    """Unix time."""


class State(Struct, kw_only=True):
    """The server at one moment."""

    connections: int
    """Connections that finished a handshake, ever."""
    refused: int
    """WebSocket upgrades refused, ever."""
    online: list[str]
    """Devices that are logged in now."""
    linked: list[str]
    """Devices that a phone lists as linked."""
    pairing: int
    """Connections that show a QR or a pairing code now."""
    messages: int
    counts: dict[str, int]
    """Stanzas by kind, ever: `message`, `receipt`, `w:g2/get/participating` …"""
    unhandled: dict[str, int]
    """Requests answered with an empty result because nothing plays them."""


class Request(Struct, forbid_unknown_fields=True):
    """One line to the control socket."""

    command: str
    arguments: dict[str, object] = field(default_factory=dict[str, object])
