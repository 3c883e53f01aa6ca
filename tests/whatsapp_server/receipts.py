"""Receipts: what the recipients' devices tell the sender, kept until the sender has acked them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress

from websockets.exceptions import ConnectionClosed

from whatsapp_server.addresses import GROUP, JID
from whatsapp_server.behaviour import Addressing
from whatsapp_server.connection import Connection
from whatsapp_server.node import Node
from whatsapp_server.records import Message
from whatsapp_server.world import LinkedDevice, User, World

_PATIENCE_SECONDS = 20


def readers(world: World, message: Message, phones: Sequence[str] | None) -> list[User]:
    """Return those people, or (None) all who got the message: members at that time."""
    if phones is None:
        phones = world.recipients[message.sender, message.id]
    return [world.user(phone) for phone in phones]


def devices(people: Iterable[User], addressing: Addressing, device: int | None) -> list[JID]:
    """Return one device of each of them (0 is the phone), or (None) all."""
    return [
        user.address(addressing, number)
        for user in people
        for number in (user.devices if device is None else [device])
    ]


def receipt(messages: Sequence[Message], reader: JID, kind: str) -> Node:
    """Return one device's receipt (`""` delivered, `"read"` …) for one message or several."""
    first, *others = messages
    to = JID.parse(first.to)
    mine = JID.parse(first.sender).user == reader.user
    whence = {"from": to, "participant": reader} if to.server == GROUP else {"from": reader}
    if mine and to.server != GROUP:
        whence["recipient"] = to
    items = [Node("item", {"id": other.id}) for other in others]
    attrs = {**whence, "id": first.id, "t": int(time.time()), "type": kind}
    return Node("receipt", attrs, [Node("list", {}, items)] if items else None)


def grouped_receipt(message: Message, given_by: Sequence[JID], kind: str) -> Node:
    """Return many members' receipts in one stanza, as the server may put them together."""
    now = int(time.time())
    users = [Node("user", {"jid": reader, "t": now}) for reader in given_by]
    attrs = {"from": JID.parse(message.to), "id": message.id, "t": now, "type": kind}
    return Node("receipt", {**attrs}, [Node("participants", {"key": message.id}, users)])


async def post(world: World, sender: User, receipts: Sequence[Node], seconds: float = 0) -> None:
    """Give the sender's devices these receipts; one that is away gets them when it is back.

    They come one after the other in so many seconds.
    """
    keys = [_key(node, "from") for node in receipts]
    for linked in list(sender.linked.values()):
        linked.mail.update(zip(keys, receipts, strict=True))
        await _send_mail(linked, receipts, seconds)
    await world.until(
        lambda: all(_is_taken(linked, keys) for linked in sender.linked.values()),
        _PATIENCE_SECONDS,
        f"{len(receipts)} receipts to be acked",
    )


async def post_kept(connection: Connection) -> None:
    """Give a device what came while it was away, or what it has not acked."""
    await _send_mail(connection.linked, list(connection.linked.mail.values()))


async def take_ack(connection: Connection, ack: Node) -> None:
    connection.linked.mail.pop(_key(ack, "to"), None)


async def answer_message(world: World, sender: User, message: Message) -> None:
    """Let each recipient send the receipts that they always send."""
    wishes = [(user, world.behaviour_towards(user)) for user in readers(world, message, None)]
    got = [user for user, wish in wishes if wish.receipts != "none"]
    # Nobody opens a chat to read that something in it is gone.
    read = [user for user, wish in wishes if wish.receipts == "read" and not message.edit]
    addressing = world.addressing(message.to)
    given = [
        *((device, "") for device in devices(got, addressing, None)),
        *((device, "read") for device in devices(read, addressing, 0)),
    ]
    with suppress(TimeoutError):
        # A client that takes none for so long is the test's own doing.
        await post(world, sender, [receipt([message], device, kind) for device, kind in given])


async def _send_mail(linked: LinkedDevice, receipts: Sequence[Node], seconds: float = 0) -> None:
    begun = time.monotonic()
    with suppress(ConnectionClosed):
        for number, node in enumerate(receipts):
            if seconds:
                ahead = begun + seconds * number / len(receipts) - time.monotonic()
                await asyncio.sleep(max(0, ahead))
            if linked.connection is not None:
                await linked.connection.send(node)


def _is_taken(linked: LinkedDevice, keys: Sequence[str]) -> bool:
    """Look at the last first: they are taken in about the order in which they were sent."""
    return linked.connection is None or not any(key in linked.mail for key in reversed(keys))


def _key(node: Node, direction: str) -> str:
    return " ".join(node.text(name) for name in ("id", direction, "participant", "type"))
