"""What a session reports, as typed records; its child process writes the same ones.

A report cannot be built without the number of the session that makes it.
"""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct
from msgspec.structs import force_setattr

from waremind.domain.lifecycle import REPORTS, Cause
from waremind.domain.wall_time import FIRST_YEAR, LAST_YEAR

LONGEST_DETAIL = 500  # characters: the engine may quote all that WhatsApp has said
GroupJid = Annotated[str, Meta(pattern=r".@g\.us\Z")]
Moment = Annotated[datetime, Meta(tz=True)]


class Identity(Struct, frozen=True):
    """Who the phone says it is: `jid` without a device, `lid` and `push_name` where known.

    `device` is the JID of the device that is linked.
    """

    jid: str
    phone: str
    lid: str | None = None
    push_name: str | None = None
    device: str | None = None


class Member(Struct, frozen=True):
    """A participant of a group, keyed by LID; phone number and name may be unknown.

    The name is what the account's phone calls the member, or else what the member does.
    """

    lid: str
    phone: str | None = None
    admin: bool = False
    name: str | None = None


class GroupSnapshot(Struct, frozen=True):
    """A group as WhatsApp describes it to an account that is in it."""

    jid: GroupJid
    name: str
    announce_only: bool
    admin: bool  # the account may write to an announce-only group
    members: tuple[Member, ...] = ()
    expiration_seconds: Annotated[int, Meta(ge=0)] = 0  # then messages disappear; 0: never


def _within_years(at: datetime) -> None:
    """Raise ValueError for a time that cannot be written everywhere in every zone."""
    if not FIRST_YEAR <= at.year <= LAST_YEAR:
        raise ValueError("a time that is out of range")


class Report(Struct, frozen=True, kw_only=True, tag=True):
    """A report of the session numbered `session`."""

    session: int


class LifeReport(Report, frozen=True, kw_only=True):
    """The account's life changes: one of the causes in `lifecycle.REPORTS`.

    `detail` is a short sentence for operators and logs, free of secrets; `until` is when a
    temporary ban ends; `identity` comes with `paired` and `connected`.
    """

    cause: Cause
    detail: str = ""
    until: Moment | None = None
    identity: Identity | None = None

    def __post_init__(self) -> None:
        if self.cause not in REPORTS:
            raise ValueError(f"no session may report {self.cause}")
        if len(self.detail) > LONGEST_DETAIL:
            force_setattr(self, "detail", f"{self.detail[:LONGEST_DETAIL]}…")
        if self.until is not None:
            _within_years(self.until)


class Code(Report, frozen=True, kw_only=True):
    """What the phone needs to link: the payload of a QR, or a pairing code. A secret."""

    kind: Literal["qr", "pair_code"]
    code: str
    expires_at: Moment

    def __post_init__(self) -> None:
        _within_years(self.expires_at)


class GroupChanged(Report, frozen=True, kw_only=True):
    """WhatsApp says that a group is new or has changed."""

    group: GroupSnapshot


class GroupStale(Report, frozen=True, kw_only=True):
    """Something of a group has changed that only fetching it again can show."""

    jid: str


class GroupLeft(Report, frozen=True, kw_only=True):
    """The account is no longer in a group."""

    jid: str


class Receipt(Report, frozen=True, kw_only=True):
    """Somebody's device says that messages arrived, or that they were read."""

    kind: Literal["delivered", "read"]
    message_ids: tuple[str, ...]
    participant: str
    at: Moment

    def __post_init__(self) -> None:
        _within_years(self.at)


class PhoneSeen(Report, frozen=True, kw_only=True):
    """The account's own phone, and no other of its devices, did something at that time."""

    at: Moment

    def __post_init__(self) -> None:
        _within_years(self.at)


AnyReport = LifeReport | Code | GroupChanged | GroupStale | GroupLeft | Receipt | PhoneSeen


class Sent(Struct, frozen=True, tag=True):
    """WhatsApp has taken the message."""

    message_id: str


class NotSent(Struct, frozen=True, tag=True):
    """Certainly nothing was sent: not connected, or stopped before the stanza."""

    detail: str


class NotUploaded(NotSent, frozen=True, tag=True):
    """Certainly nothing was sent: the message's file could not be handed to WhatsApp."""


class NotInGroup(Struct, frozen=True, tag=True):
    """Certainly nothing was sent: the account is not in the group, or there is no such group."""

    detail: str


class AdminsOnly(Struct, frozen=True, tag=True):
    """WhatsApp refused: only admins may write to the group, and the account is none."""

    detail: str


class SendRefused(Struct, frozen=True, tag=True):
    """WhatsApp answered with an error: the code of its ack (463: too many, or out of reach)."""

    code: int
    detail: str


class SendUnknown(Struct, frozen=True, tag=True):
    """The stanza may have left and no answer came: nobody can know."""

    detail: str


Outcome = Sent | NotSent | NotInGroup | AdminsOnly | SendRefused | SendUnknown
