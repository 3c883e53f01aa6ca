"""The child's wire protocol: one JSON object a line on its socketpair, requests down, messages up.

A request is answered by any number of `Answer`s and then one `Done` or `Failed`; reports of the
session come between them at any time.
"""

from typing import Any

import msgspec
from msgspec import Struct

from waremind.errors import ErrorCode
from waremind.whatsapp.gateway import Media, Message, Opening
from waremind.whatsapp.reports import AnyReport, GroupSnapshot, Outcome
from waremind.zero_bytes import without_zero_bytes

LINE_BYTES = 1 << 20
"""No line is longer: a group of 2,048 members takes about 150 kB."""

PACKET_BYTES = 1 << 16
"""No packet to or from the fork server is longer: an opening, a pid or a sentence."""


class Ping(Struct, frozen=True, tag=True):
    """Show that the child lives. No answers."""


class FetchGroups(Struct, frozen=True, tag=True):
    """Fetch the groups of the account: a `GroupSnapshot` each."""


class FetchGroup(Struct, frozen=True, tag=True):
    """Fetch one group: a `GroupSnapshot`, or nothing when the account is not in it."""

    jid: str


class Send(Struct, frozen=True, tag=True):
    """Send a message: one `Outcome`."""

    message: Message


class UploadMedia(Struct, frozen=True, tag=True):
    """Take a piece of a file, and upload it with its last one: how much of it there is.

    Without `data` it only asks: all of it is there when it was uploaded lately, else nothing.
    """

    media: Media
    offset: int = 0
    data: bytes = b""


class Revoke(Struct, frozen=True, tag=True):
    """Delete for everyone a message of the account in a group: one `Outcome`."""

    group: str
    message_id: str


class LogOut(Struct, frozen=True, tag=True):
    """Unlink the device, once connected but within `seconds`: whether WhatsApp dropped it."""

    seconds: float


Request = Ping | FetchGroups | FetchGroup | Send | UploadMedia | Revoke | LogOut


class NumberedRequest(Struct, frozen=True):
    """A request under the number that its answers bear."""

    id: int
    request: Request


class Answer(Struct, frozen=True, tag=True):
    """One result of a request."""

    id: int
    result: msgspec.Raw


class Done(Struct, frozen=True, tag=True):
    """The request has had all its answers."""

    id: int


class Failed(Struct, frozen=True, tag=True):
    """The request cannot be done."""

    id: int
    code: ErrorCode
    message: str


ChildMessage = AnyReport | Answer | Done | Failed

_encoder = msgspec.json.Encoder(enc_hook=str)  # a Path


def encode_line(message: object) -> bytes:
    """Encode anything of this module, or an Opening, as one line."""
    return _encoder.encode(message) + b"\n"


def encode_result(value: object) -> msgspec.Raw:
    """Encode what an Answer carries."""
    return msgspec.Raw(_encoder.encode(value))


def read_child_message(text: bytes) -> ChildMessage:
    """Decode a line of a child, without zero bytes: PostgreSQL takes none in a text.

    One would keep the outcomes of all accounts from being written, which are written together.
    """
    return _decode_child_message(without_zero_bytes(text))


def _to_path(kind: type[Any], value: object) -> object:
    return kind(value)


read_opening = msgspec.json.Decoder(Opening, dec_hook=_to_path).decode
read_request = msgspec.json.Decoder(NumberedRequest).decode
_decode_child_message = msgspec.json.Decoder[ChildMessage](ChildMessage).decode
read_group = msgspec.json.Decoder(GroupSnapshot).decode
read_outcome = msgspec.json.Decoder[Outcome](Outcome).decode
read_size = msgspec.json.Decoder(int).decode
read_bool = msgspec.json.Decoder(bool).decode
