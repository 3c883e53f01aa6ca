"""The neonize client of a child. Nothing else imports neonize, and nothing before the fork."""

# pyright: basic
# neonize comes without types.

import ctypes
import logging
import time
from collections.abc import Iterable, Mapping
from functools import partial
from types import SimpleNamespace
from typing import Any, cast

from neonize import events
from neonize.client import NewClient
from neonize.exc import ContactStoreError
from neonize.proto.Neonize_pb2 import JID
from neonize.proto.waCommon.WACommon_pb2 import MessageKey
from neonize.proto.waCompanionReg.WAWebProtobufsCompanionReg_pb2 import DeviceProps
from neonize.proto.waE2E.WAWebProtobufsE2E_pb2 import (
    ContextInfo,
    DocumentMessage,
    ExtendedTextMessage,
    FutureProofMessage,
    ImageMessage,
    ProtocolMessage,
)
from neonize.proto.waE2E.WAWebProtobufsE2E_pb2 import Message as Content
from neonize.utils.enum import MediaType, Presence

from waremind.whatsapp import translation
from waremind.whatsapp.event_translator import EventTranslator
from waremind.whatsapp.gateway import Media, Message
from waremind.whatsapp.reports import GroupSnapshot, Identity
from waremind.whatsapp.sending import NOT_IN_GROUP
from waremind.whatsapp.thumbnails import thumbnail_of

DEVICE_NAME = "waremind"
# WhatsApp takes only `Browser (OS)` from who asks for a pairing code, in their own spelling;
# neonize would shout CHROME (LINUX).
BROWSER: Any = SimpleNamespace(name="Chrome", value=1)
SYSTEM: Any = SimpleNamespace(name="Linux")


class Client(NewClient):
    """A device in the store at `path`, or a new one; `connect` is called once and blocks."""

    def __init__(self, path: str, translator: EventTranslator, *, new_device: bool) -> None:
        props = DeviceProps(os=DEVICE_NAME, platformType=DeviceProps.CHROME)
        super().__init__(path, uuid="session", new_device=new_device, props=props)
        self._translator = translator
        _listen(translator)
        self.qr(lambda _, text: translator.on_qr(self, text.decode()))
        kinds = {kind.DESCRIPTOR.name: kind for kind in events.EVENT_TO_INT}
        for name in translation.EVENTS:
            self.event(kinds[name])(partial(_forward, translator, name))

    # The only sign of a pairing that failed or expired.
    def _NewClient__onLoginStatus(self, _uuid: int, status: int) -> None:  # noqa: N802 - its name
        self._translator.on_link_status(ctypes.string_at(status).decode())

    def identity(self) -> Identity | None:
        """Say who the account is; not before the first QR or event: the library would abort."""
        return translation.identity(self.get_me())

    def pair_code(self, phone: str) -> str:
        """Ask for a pairing code; not before the first QR."""
        return self.PairPhone(phone, True, SYSTEM, BROWSER)

    def fetch_groups(self, me: Identity | None) -> Iterable[GroupSnapshot]:
        """Fetch all groups, and read them one by one."""
        groups, called = self.get_joined_groups(), self._names()
        return (translation.group(info, me, called) for info in groups)

    def fetch_group(self, jid: str, me: Identity | None) -> Iterable[GroupSnapshot]:
        """Fetch a group; nothing when the account is not in it."""
        try:
            yield translation.group(self.get_group_info(_jid(jid)), me, self._names())
        except Exception as error:
            if str(error) not in NOT_IN_GROUP:
                raise

    def _names(self) -> Mapping[str, str]:
        try:
            return translation.names(self.contact.get_all_contacts())
        except ContactStoreError:
            return {}  # a group without names is better than none

    def announce(self) -> None:
        """Say that the device is there, then that it is away: else the phone rings no more."""
        self.send_presence(Presence.AVAILABLE)
        self.send_presence(Presence.UNAVAILABLE)

    def upload_media(self, media: Media, content: bytes) -> Any:
        """Hand a file to WhatsApp; returns where it is with its keys, and an image's thumbnail."""
        if media.kind == "document":
            return self.upload(content, MediaType.MediaDocument), None
        return self.upload(content, MediaType.MediaImage), thumbnail_of(content)

    def send_content(self, message: Message, uploaded: Any) -> str:
        """Send a message, with what was `uploaded` for it, and return its id."""
        return self.send_message(_jid(message.group), _content(message, uploaded)).ID

    def revoke(self, group: str, message_id: str) -> str:
        """Delete a message of ours for everyone and return the deletion's id.

        neonize's own `revoke_message` would ask as an admin when we are named by our LID.
        """
        key = MessageKey(fromMe=True, ID=message_id, remoteJID=group)
        deletion = ProtocolMessage(type=ProtocolMessage.REVOKE, key=key)
        return self.send_message(_jid(group), Content(protocolMessage=deletion)).ID


def _listen(translator: EventTranslator) -> None:
    """Have what the engine logs read too: it knows of refusals that never become an event."""

    def read(record: logging.LogRecord) -> bool:
        translator.on_log(record.getMessage())
        return True

    client_log = logging.getLogger("whatsmeow.Client")
    client_log.setLevel(logging.INFO)
    client_log.addFilter(read)


def _forward(translator: EventTranslator, name: str, client: NewClient, event: object) -> None:
    translator.on_event(cast("Client", client), name, event)


def _jid(text: str) -> JID:
    user, _, server = text.partition("@")
    return JID(User=user, Server=server, Device=0, Integrator=0, RawAgent=0, IsEmpty=False)


def _content(message: Message, uploaded: Any) -> Content:
    """Make the message ourselves: given a string, neonize takes `@12345` for a mention."""
    if message.media:
        return _with_media(message, message.media, uploaded)
    if not (message.mentions or message.mentions_all or message.expiration_seconds):
        return Content(conversation=message.text)
    context = _context(message)
    return Content(extendedTextMessage=ExtendedTextMessage(text=message.text, contextInfo=context))


def _context(message: Message) -> ContextInfo:
    context = ContextInfo(mentionedJID=message.mentions)
    if message.mentions_all:
        context.nonJIDMentions = 1
    if message.expiration_seconds:  # without it phones say that the sender's app is an old one
        context.expiration = message.expiration_seconds
    return context


def _with_media(message: Message, media: Media, handed_over: Any) -> Content:
    """Make it as the apps do: a document that has a caption stands in a wrapper."""
    uploaded, thumbnail = handed_over
    given: dict[str, Any] = {
        "URL": uploaded.url,
        "directPath": uploaded.DirectPath,
        "mediaKey": uploaded.MediaKey,
        "mediaKeyTimestamp": int(time.time()),
        "fileEncSHA256": uploaded.FileEncSHA256,
        "fileSHA256": uploaded.FileSHA256,
        "fileLength": uploaded.FileLength,
        "mimetype": media.type,
        "contextInfo": _context(message),
        "caption": message.text or None,
    }
    if media.kind == "image":
        seen = {"width": media.width, "height": media.height, "JPEGThumbnail": thumbnail}
        return Content(imageMessage=ImageMessage(**given, **seen))
    document = DocumentMessage(**given, fileName=media.name, title=media.name)
    if not message.text:
        return Content(documentMessage=document)
    captioned = FutureProofMessage(message=Content(documentMessage=document))
    return Content(documentWithCaptionMessage=captioned)
