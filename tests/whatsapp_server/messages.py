"""Messages: taken from the sender, read on the recipients' devices, acked or refused."""

from __future__ import annotations

import asyncio
import time

from whatsapp_server.addresses import GROUP, JID
from whatsapp_server.connection import Connection
from whatsapp_server.mailbox import open_message
from whatsapp_server.node import Node
from whatsapp_server.receipts import answer_message
from whatsapp_server.records import Message
from whatsapp_server.world import Group, User, World

_NOT_IN_GROUP = 420
_DELETIONS = ("7", "8")


async def take_message(connection: Connection, node: Node) -> None:
    world, behaviour = connection.world, connection.behaviour
    if node.text("category") == "peer":
        # Between a person's own devices: nobody's message.
        await connection.send(_ack("message", node))
        return
    refused = _refusal(connection, node)
    _record(connection, node, refused)
    world.notice()
    if not behaviour.ack_messages:
        return
    ack = _ack("message", node, refused)
    if behaviour.ack_delay:
        connection.soon(_send_later(connection, ack, behaviour.ack_delay))
    else:
        await connection.send(ack)


async def take_receipt(connection: Connection, node: Node) -> None:
    await connection.send(_ack("receipt", node))


def _refusal(connection: Connection, node: Node) -> int | None:
    behaviour = connection.behaviour
    if node.text("edit") in _DELETIONS and behaviour.deletion_error:
        return behaviour.deletion_error
    return behaviour.ack_error or _group_refusal(connection, node.jid("to"))


def _group_refusal(connection: Connection, to: JID) -> int | None:
    """Refuse a sender who is no member, or no admin where only those write."""
    if to.server != GROUP:
        return None
    group, phone = connection.world.groups.get(to.user), connection.user.phone
    return None if group is not None and _may_write(group, phone) else _NOT_IN_GROUP


def _may_write(group: Group, phone: str) -> bool:
    return phone in (group.admins if group.announce_only else group.members)


def _record(connection: Connection, node: Node, refused: int | None) -> None:
    world: World = connection.world
    key = (str(connection.jid), node.text("id"))
    if key in world.messages:
        world.messages[key].transmissions += 1
        return
    message = Message(
        id=node.text("id"),
        sender=str(connection.jid),
        to=str(node.jid("to")),
        at=time.time(),
        edit=node.text("edit"),
        refused=refused,
    )
    world.messages[key] = message
    if refused is None:
        sender = connection.user.address("lid", connection.device)
        world.recipients[key] = _recipients(world, message, connection.user)
        open_message(world, node, sender, message)
        world.soon(answer_message(world, connection.user, message))


def _recipients(world: World, message: Message, sender: User) -> list[str]:
    """Return the phones of all who get the message, but for the sender's."""
    to = JID.parse(message.to)
    if to.server == GROUP:
        return [phone for phone in world.groups[to.user].members if phone != sender.phone]
    user = world.find_user(to)
    return [user.phone] if user is not None and user is not sender else []


def _ack(kind: str, node: Node, error: int | None = None) -> Node:
    attrs = {"class": kind, "id": node.text("id"), "from": node.attrs.get("to")}
    return Node("ack", {**attrs, "t": int(time.time()), "error": error})


async def _send_later(connection: Connection, node: Node, delay_seconds: float) -> None:
    await asyncio.sleep(delay_seconds)
    await connection.send(node)
