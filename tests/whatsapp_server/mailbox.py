"""Recipients' devices read what was encrypted for them, as the real phones would."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TypeVar

from cryptography.exceptions import InvalidKey
from google.protobuf.message import DecodeError

from whatsapp_server.addresses import JID
from whatsapp_server.node import Node
from whatsapp_server.protobufs import e2e
from whatsapp_server.records import Message
from whatsapp_server.screen import Screen
from whatsapp_server.signal_protocol import DecryptError, SignalDevice
from whatsapp_server.world import World

T = TypeVar("T")

# How many devices decrypt a message: thousands of messages need not be read by everyone.
_READERS = {"all": None, "one": 1, "none": 0}


def open_message(world: World, node: Node, sender: JID, message: Message) -> None:
    """Note which devices got a ciphertext; decrypt on all, one or none of them."""
    participants = node.find("participants")
    copies = participants.children if participants is not None else []
    message.devices = {str(copy.jid("jid")): copy.child("enc").text("type") for copy in copies}
    for jid, device, enc in _some(world, _copies(world, copies)):
        _read(Screen(world, jid, sender), message, _opener(device, enc, sender, message))
    enc = node.find("enc")
    if enc is not None and enc.text("type") == "skmsg":
        for jid, device in _some(world, _holders(world, sender, message)):
            _read(Screen(world, jid, sender), message, _group_opener(device, enc, sender, message))


def _some(world: World, readers: Iterable[T]) -> Iterator[T]:
    return islice(readers, _READERS[world.decrypting])


def _copies(world: World, copies: list[Node]) -> Iterator[tuple[JID, SignalDevice, Node]]:
    """Yield the ciphertexts made for one played device each."""
    for copy in copies:
        jid = copy.jid("jid")
        user = world.find_user(jid)
        if user is not None and jid.device in user.devices:
            yield jid, user.devices[jid.device], copy.child("enc")


def _holders(world: World, sender: JID, message: Message) -> Iterator[tuple[JID, SignalDevice]]:
    """Yield the members' devices that hold the sender's key of this group."""
    group = world.groups.get(JID.parse(message.to).user)
    for phone in group.members if group is not None else []:
        user = world.users[phone]
        for number, device in user.devices.items():
            if group is not None and device.has_sender_key(message.to, str(sender)):
                yield user.address(group.addressing, number), device


def _opener(
    device: SignalDevice, enc: Node, sender: JID, message: Message
) -> Callable[[], e2e.Message]:
    def open_copy() -> e2e.Message:
        plain = device.decrypt(str(sender), enc.text("type"), enc.bytes)
        opened = e2e.Message.FromString(plain)
        if opened.HasField("senderKeyDistributionMessage"):
            key = opened.senderKeyDistributionMessage.axolotlSenderKeyDistributionMessage
            device.keep_sender_key(message.to, str(sender), key)
        # What the sender's own devices get is wrapped.
        return opened.deviceSentMessage.message if opened.HasField("deviceSentMessage") else opened

    return open_copy


def _group_opener(
    device: SignalDevice, enc: Node, sender: JID, message: Message
) -> Callable[[], e2e.Message]:
    return lambda: e2e.Message.FromString(device.decrypt_group(message.to, str(sender), enc.bytes))


def _read(screen: Screen, message: Message, open_copy: Callable[[], e2e.Message]) -> None:
    try:
        screen.show(message, open_copy())
    except (DecryptError, DecodeError, InvalidKey, LookupError, ValueError) as error:
        message.errors[str(screen.jid)] = f"{type(error).__name__}: {error}"
