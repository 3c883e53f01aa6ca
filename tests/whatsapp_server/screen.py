"""What a device shows of a message that it has decrypted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from whatsapp_server.addresses import GROUP, JID
from whatsapp_server.attachments import fetch
from whatsapp_server.protobufs import e2e
from whatsapp_server.records import Message
from whatsapp_server.world import Group, User, World

# Kind of message → the text that people see of it.
_TEXTS: Mapping[str, Callable[[Any], str]] = {
    "conversation": str,
    "extendedTextMessage": lambda part: part.text,
    "imageMessage": lambda part: part.caption,
    "documentMessage": lambda part: part.caption,
}
_MEDIA = ("imageMessage", "documentMessage")


@dataclass(frozen=True)
class Screen:
    """One device's screen: `jid` is the device, `sender` who sent it a message."""

    world: World
    jid: JID
    sender: JID

    def show(self, message: Message, opened: e2e.Message) -> None:
        protocol = opened.protocolMessage
        # The enumeration's zero is REVOKE: without a key it is something else.
        if protocol.HasField("key") and protocol.type == e2e.ProtocolMessage.REVOKE:
            self._delete(message, protocol.key)
            return
        # What apps send as a document with a caption is a message in a message.
        wrapped = opened.HasField("documentWithCaptionMessage")
        inner = opened.documentWithCaptionMessage.message if wrapped else opened
        kind = next((kind for kind in _TEXTS if inner.HasField(kind)), None)
        if kind is not None:
            message.kind = "documentWithCaptionMessage" if wrapped else kind
            self._write(message, kind, getattr(inner, kind))

    def _write(self, message: Message, kind: str, part: Any) -> None:
        if kind in _MEDIA:
            message.media = fetch(self.world, kind, part)
        message.texts[str(self.jid)] = _TEXTS[kind](part)
        if kind == "conversation":
            return
        context = part.contextInfo
        message.expiration = context.expiration
        message.mentions = list(context.mentionedJID)
        message.mentions_all = bool(context.nonJIDMentions)

    def _delete(self, message: Message, key: Any) -> None:
        """Strike a message out, if whoever asks for it may; phones ignore others silently."""
        message.kind, message.deletes = "revoke", key.ID
        by = self.world.find_user(self.sender)
        for original in self.world.messages.values():
            if original.id == key.ID and original.to == message.to and by is not None:
                author = self.world.find_user(JID.parse(original.sender))
                if by is author if key.fromMe else self._is_admin(message.to, by, author, key):
                    original.deleted[str(self.jid)] = str(by.lid)

    def _is_admin(self, to: str, by: User, author: User | None, key: Any) -> bool:
        """Say whether a group's admin names the author whose message shall go."""
        group: Group | None = self.world.groups.get(JID.parse(to).user)
        named = self.world.find_user(JID.parse(key.participant))
        in_group = JID.parse(to).server == GROUP and group is not None and by.phone in group.admins
        return in_group and named is not None and named is author
