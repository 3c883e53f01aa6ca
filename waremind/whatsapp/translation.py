"""The table of neonize's events: how each, by its name, becomes a report. Imports no neonize."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from waremind.domain.lifecycle import Cause
from waremind.whatsapp.reports import (
    AnyReport,
    GroupChanged,
    GroupLeft,
    GroupSnapshot,
    GroupStale,
    Identity,
    LifeReport,
    Member,
    PhoneSeen,
    Receipt,
)


class EventContext(NamedTuple):
    """What an event is read against: the session's number, its account once known, the time."""

    session: int
    me: Identity | None
    now: datetime


Translation = Callable[[EventContext, Any], AnyReport | None]

# ConnectFailureReason of the library, as far as it means more than "refused".
LOGGED_OUT_REASONS = MappingProxyType(
    {
        2: (Cause.LOGGED_OUT, "401"),
        4: (Cause.LOGGED_OUT, "403: the phone's account is gone or locked"),
        5: (Cause.BANNED, "406"),
    }
)
# What the engine logs before it deletes the device and tells `LoggedOut`.
LOGGED_OUT_LINE = re.compile(
    r"Got (?:(\d+): .* connect failure|device removed stream error), sending LoggedOut event"
)
LOGGED_OUT_NUMBERS = MappingProxyType({"401": 2, "403": 4, "406": 5})
BAN_REASONS = MappingProxyType(
    {
        1: "sent to too many people who do not know you",
        2: "blocked by too many people",
        3: "created too many groups with people who do not know you",
        4: "sent the same message to too many people",
        5: "sent too many messages to a broadcast list",
    }
)
# What WhatsApp says may be any number; no ban is known to have been longer.
LONGEST_BAN_SECONDS = 3660 * 86_400
# A device in the background has got the message too; who has played one has read it.
RECEIPT_KINDS: MappingProxyType[int, Literal["delivered", "read"]] = MappingProxyType(
    {1: "delivered", 4: "read", 6: "read", 9: "delivered"}
)
# Strangers choose their names: WhatsApp's apps let them have 25 characters.
LONGEST_NAME = 100
NOBODY: Mapping[str, str] = MappingProxyType({})
# Among an account's devices the phone is the first; what it links are the others.
PHONE_DEVICE = 0


def jid_text(jid: Any) -> str:
    """Write a JID without its device."""
    return f"{jid.User}@{jid.Server}" if jid.User else ""


def _device_text(jid: Any) -> str:
    """Write a JID with its device, as it stands in the device's store."""
    return f"{jid.User}:{jid.Device}@{jid.Server}" if jid.Device else jid_text(jid)


def identity(device: Any) -> Identity | None:
    """Read who the account is from the library's Device; None before it is linked."""
    if not device.JID.User:
        return None
    return Identity(
        jid=jid_text(device.JID),
        phone=f"+{device.JID.User}",
        lid=jid_text(device.LID) or None,
        push_name=device.PushName or None,
        device=_device_text(device.JID),
    )


def names(contacts: Iterable[Any]) -> dict[str, str]:
    """Read what people are called, by each of their addresses: by our phone, or by themselves."""
    called = ((jid_text(each.JID), _name(each.Info)) for each in contacts)
    return {jid: name for jid, name in called if name}


def _name(info: Any) -> str:
    given = info.FullName or info.FirstName or info.BusinessName or info.PushName
    return given.replace("\0", "").strip()[:LONGEST_NAME]


def group(info: Any, me: Identity | None, called: Mapping[str, str] = NOBODY) -> GroupSnapshot:
    """Read a group; the account may administer it under its LID or its number."""
    members = tuple(_members(info.Participants, called))
    return GroupSnapshot(
        jid=jid_text(info.JID),
        name=info.GroupName.Name,
        announce_only=info.GroupAnnounce.IsAnnounce,
        admin=any(member.admin and _is_me(member, me) for member in members),
        members=members,
        expiration_seconds=_expiration_seconds(info.GroupEphemeral),
    )


def _expiration_seconds(ephemeral: Any) -> int:
    return ephemeral.DisappearingTimer if ephemeral.IsEphemeral else 0


def _members(participants: Iterable[Any], called: Mapping[str, str]) -> Iterable[Member]:
    for each in participants:
        addresses = {jid.Server: jid for jid in (each.LID, each.JID, each.PhoneNumber) if jid.User}
        number = addresses.get("s.whatsapp.net")
        yield Member(
            lid=jid_text(addresses.get("lid", each.JID)),
            phone=f"+{number.User}" if number else None,
            admin=each.IsAdmin or each.IsSuperAdmin,
            name=next(
                filter(None, (called.get(jid_text(jid)) for jid in addresses.values())), None
            ),
        )


def _is_me(member: Member, me: Identity | None) -> bool:
    return me is not None and (member.lid in {me.lid, me.jid} or member.phone == me.phone)


def _life_report(cause: Cause, detail: str = "") -> Translation:
    return lambda context, _: LifeReport(session=context.session, cause=cause, detail=detail)


def _paired(context: EventContext, event: Any) -> LifeReport:
    if event.Error:
        return LifeReport(session=context.session, cause=Cause.PAIRING_FAILED, detail=event.Error)
    return LifeReport(session=context.session, cause=Cause.PAIRED, identity=context.me)


def _connected(context: EventContext, _: Any) -> LifeReport:
    return LifeReport(session=context.session, cause=Cause.CONNECTED, identity=context.me)


def _logged_out(context: EventContext, event: Any) -> LifeReport:
    return _logged_out_for(context.session, event.Reason, f"reason {event.Reason}")


def logged_out_line(session: int, line: str) -> LifeReport | None:
    """Read a line of the engine's log; None when it says nothing of a logout."""
    if (found := LOGGED_OUT_LINE.match(line)) is None:
        return None
    number = found[1] or "401"  # the phone has removed the device
    return _logged_out_for(session, LOGGED_OUT_NUMBERS.get(number, 0), number)


def _logged_out_for(session: int, reason: int, otherwise: str) -> LifeReport:
    cause, detail = LOGGED_OUT_REASONS.get(reason, (Cause.LOGGED_OUT, otherwise))
    return LifeReport(session=session, cause=cause, detail=detail)


def _temporary_ban(context: EventContext, event: Any) -> LifeReport:
    return LifeReport(
        session=context.session,
        cause=Cause.TEMPORARY_BAN,
        detail=BAN_REASONS.get(event.Code, ""),
        until=context.now + timedelta(seconds=min(max(0, event.Expire), LONGEST_BAN_SECONDS)),
    )


def _connect_failure(context: EventContext, event: Any) -> LifeReport:
    detail = f"reason {event.Reason} {event.Message}".rstrip()
    return LifeReport(session=context.session, cause=Cause.REFUSED, detail=detail)


def _stream_error(context: EventContext, event: Any) -> LifeReport:
    detail = f"stream error {event.Code or 'unknown'}"
    return LifeReport(session=context.session, cause=Cause.CONNECT_FAILED, detail=detail)


def _joined_group(context: EventContext, event: Any) -> GroupChanged:
    return GroupChanged(session=context.session, group=group(event.GroupInfo, context.me))


def _group_info(context: EventContext, event: Any) -> GroupStale | GroupLeft:
    jid = jid_text(event.JID)
    mine = {context.me.jid, context.me.lid} if context.me else set[str | None]()
    left = event.Delete.Deleted or any(jid_text(gone) in mine for gone in event.Leave)
    return (GroupLeft if left else GroupStale)(session=context.session, jid=jid)


def _receipt(context: EventContext, event: Any) -> Receipt | PhoneSeen | None:
    source, at = event.MessageSource, _past(context, event.Timestamp)
    if source.IsFromMe:  # of any kind: what we sent has reached it, or it has read something
        return _own_receipt(context, source.Sender, at)
    if (kind := RECEIPT_KINDS.get(event.Type)) is None:
        return None
    return Receipt(
        session=context.session,
        kind=kind,
        message_ids=tuple(event.MessageIDs),
        participant=_member(source),
        at=at,
    )


def _member(source: Any) -> str:
    """Name who gave a receipt as groups do: by the LID, where one is told."""
    named = (source.Sender, source.SenderAlt)
    return jid_text(next((jid for jid in named if jid.Server == "lid"), source.Sender))


def _past(context: EventContext, timestamp: int) -> datetime:
    """Read a Unix time of something that has been: it is not later than now."""
    return datetime.fromtimestamp(min(max(0, timestamp), context.now.timestamp()), UTC)


def _own_receipt(context: EventContext, device: Any, at: datetime) -> PhoneSeen | None:
    is_phone = device.Device == PHONE_DEVICE
    return PhoneSeen(session=context.session, at=at) if is_phone else None


EVENTS: MappingProxyType[str, Translation] = MappingProxyType(
    {
        "PairStatus": _paired,
        "Connected": _connected,
        "Disconnected": _life_report(Cause.DISCONNECTED, "the connection to WhatsApp broke"),
        "KeepAliveTimeout": _life_report(Cause.DISCONNECTED, "WhatsApp does not answer pings"),
        "KeepAliveRestored": _connected,
        "LoggedOut": _logged_out,
        "StreamReplaced": _life_report(Cause.REPLACED, "the device is connected elsewhere"),
        "TemporaryBan": _temporary_ban,
        "ConnectFailure": _connect_failure,
        "ClientOutdated": _life_report(Cause.CLIENT_OUTDATED, "405"),
        "StreamError": _stream_error,
        "JoinedGroup": _joined_group,
        "GroupInfoEvent": _group_info,
        "Receipt": _receipt,
    }
)
