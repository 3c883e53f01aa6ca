"""Answers about keys: what a sender needs to open Signal sessions."""

from __future__ import annotations

from whatsapp_server.addresses import JID
from whatsapp_server.connection import Connection
from whatsapp_server.node import Node
from whatsapp_server.signal_protocol import SignalDevice
from whatsapp_server.world import LinkedDevice, User

_KEY_TYPE = b"\5"
_SIGNED_PREKEY_ID = b"\0\0\1"


async def count_prekeys(connection: Connection, request: Node) -> None:
    known = len(connection.linked.prekeys) or connection.behaviour.claimed_prekeys
    await connection.answer(request, [Node("count", {"value": known})])


async def keep_prekeys(connection: Connection, request: Node) -> None:
    keys = request.child("list").children
    connection.linked.prekeys += [(key.child("id").bytes, key.child("value").bytes) for key in keys]
    await connection.answer(request)


async def give_bundles(connection: Connection, request: Node) -> None:
    jids = [user.jid("jid") for user in request.child("key").children]
    bundles = [_bundle(connection.world.find_user(jid), jid) for jid in jids]
    await connection.answer(request, [Node("list", {}, bundles)])


def _bundle(user: User | None, jid: JID) -> Node:
    if user is not None and jid.device in user.devices:
        return Node("user", {"jid": jid}, _played_bundle(user.devices[jid.device]))
    if user is not None and jid.device in user.linked:
        return Node("user", {"jid": jid}, _linked_bundle(user.linked[jid.device]))
    error = Node("error", {"code": "404", "text": "item-not-found"})
    return Node("user", {"jid": jid}, [error])


def _played_bundle(device: SignalDevice) -> list[Node]:
    number, public = device.new_prekey()
    signed = (_SIGNED_PREKEY_ID, device.signed_prekey.public, device.signature)
    return [
        *_identity(device.registration_id.to_bytes(4, "big"), device.identity.public),
        _key("key", number.to_bytes(3, "big"), public),
        _key("skey", *signed),
    ]


def _linked_bundle(linked: LinkedDevice) -> list[Node]:
    return [
        *_identity(linked.registration_id, linked.identity),
        *(_key("key", *linked.prekeys.pop(0)) for _ in linked.prekeys[:1]),
        _key("skey", *linked.signed_prekey),
    ]


def _identity(registration_id: bytes, identity: bytes) -> list[Node]:
    return [
        Node("registration", {}, registration_id),
        Node("type", {}, _KEY_TYPE),
        Node("identity", {}, identity),
    ]


def _key(tag: str, number: bytes, public: bytes, signature: bytes | None = None) -> Node:
    parts = [Node("id", {}, number), Node("value", {}, public)]
    if signature is not None:
        parts.append(Node("signature", {}, signature))
    return Node(tag, {}, parts)
