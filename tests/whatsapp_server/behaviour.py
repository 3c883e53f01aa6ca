"""What the played WhatsApp does where the real one has a choice."""

from __future__ import annotations

from typing import Literal, TypeAlias, TypedDict

from msgspec import Struct

Addressing: TypeAlias = Literal["lid", "pn"]
Decrypting: TypeAlias = Literal["all", "one", "none"]
ReceiptKind: TypeAlias = Literal[
    "delivered", "read", "played", "inactive", "server-error", "sender", "read-self"
]
"""`inactive` is a delivery to a device in the background, `server-error` says that media could not
be fetched. The last two come from the sender's own devices: they got the message, or read others'.
"""
AutomaticReceipts: TypeAlias = Literal["none", "delivered", "read"]
Spoil: TypeAlias = Literal["", "hmac", "signature"]


class Behaviour(Struct, frozen=True, forbid_unknown_fields=True):
    """The defaults are a WhatsApp at its best. Times are seconds."""

    # Whole server: nobody is known yet.
    refuse_websocket: bool = False
    """Answer the WebSocket upgrade with HTTP 503."""
    answer_handshake: bool = True
    """False: a black hole after the WebSocket upgrade."""
    registration_error: int | None = None
    """Refuse clients without a device: 405 says that the client is too old."""
    qr_refs: int = 6
    """Codes in a QR's life; the client shows one for 60 s if there are six, else 20 s."""
    pairing_code_error: int | None = None
    """Refuse to issue pairing codes: 429 is `rate-overlimit`."""
    restart_after_pairing: bool = True
    """False: the 515 that follows a pairing never comes."""

    # Each account, or all.
    claimed_prekeys: int = 3
    """How many one-time keys the server says it has: 0 makes the client upload 812, 3 only 50."""
    answer_pings: bool = True
    answer_logout: bool = True
    ack_messages: bool = True
    """False: messages arrive and no ack ever comes."""
    ack_delay: float = 0
    ack_error: int | None = None
    """Refuse messages: 463 a reach-out restriction, 479, 420 …"""
    deletion_error: int | None = None
    """Refuse to delete messages for everyone."""
    group_query_error: int | None = None
    """Refuse questions about groups: 429 is `rate-overlimit`."""
    media_conn_error: int | None = None
    """Refuse to tell where media is uploaded."""
    upload_status: int = 200
    """What the media host answers an upload: 413, 500, 507 …"""
    upload_delay: float = 0
    receipts: AutomaticReceipts = "none"
    """What this recipient sends by itself: `delivered` by each device, `read` by the phone, too."""


class GroupOptions(TypedDict, total=False):
    """What a group can be told to be."""

    admins: list[str]
    """Phone numbers; the first owns the group."""
    addressing: Addressing
    announce_only: bool
    """Only admins may write."""
    expiration: int
    """Seconds after which messages disappear; 0 is never."""
    hide_numbers: bool
    """Members are known by their LIDs alone."""


class ReceiptWishes(TypedDict, total=False):
    """How receipts are sent, if not one of each device, as the group names its members."""

    device: int | None
    """Of one device of each only: 0 is the phone."""
    grouped: bool
    """All in one stanza, as WhatsApp does with many."""
    addressing: Addressing | None
    seconds: float
    """One after the other in so many seconds; else all at once, which keeps our server busy."""


class Changes(TypedDict, total=False):
    """Keyword arguments that change a Behaviour."""

    refuse_websocket: bool
    answer_handshake: bool
    registration_error: int | None
    qr_refs: int
    pairing_code_error: int | None
    restart_after_pairing: bool
    claimed_prekeys: int
    answer_pings: bool
    answer_logout: bool
    ack_messages: bool
    ack_delay: float
    ack_error: int | None
    deletion_error: int | None
    group_query_error: int | None
    media_conn_error: int | None
    upload_status: int
    upload_delay: float
    receipts: AutomaticReceipts
