"""Answers about people (usync): their devices, their LIDs."""

from __future__ import annotations

from collections.abc import Callable

from whatsapp_server.connection import Connection
from whatsapp_server.node import Node
from whatsapp_server.world import User, World


async def tell_users(connection: Connection, request: Node) -> None:
    query = request.child("usync")
    wanted = {child.tag for child in query.child("query").children}
    asked = query.child("list").children
    users = [node for one in asked if (node := _tell(connection.world, one, wanted)) is not None]
    attrs = {key: query.text(key) for key in ("sid", "mode", "context")}
    told = Node("usync", {**attrs, "last": "true", "index": "0"}, [Node("list", {}, users)])
    await connection.answer(request, [told])


def _tell(world: World, asked: Node, wanted: set[str]) -> Node | None:
    user = world.find_user(asked.jid("jid"))
    if user is None:
        return None
    parts = [part(user) for tag, part in _PARTS.items() if tag in wanted]
    return Node("user", {"jid": asked.jid("jid")}, parts)


def _devices(user: User) -> Node:
    numbers = sorted([*user.devices, *user.linked])
    devices = [Node("device", {"id": number, "key-index": number or None}) for number in numbers]
    return Node("devices", {}, [Node("device-list", {"hash": "2:abc"}, devices)])


def _lid(user: User) -> Node:
    return Node("lid", {"val": user.lid})


_PARTS: dict[str, Callable[[User], Node]] = {"devices": _devices, "lid": _lid}
