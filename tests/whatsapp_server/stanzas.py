"""Which stanza is answered by what: the table of the played server."""

from __future__ import annotations

import time
from collections.abc import Mapping

from whatsapp_server import (
    app_state,
    contacts,
    groups,
    media_host,
    messages,
    pairing_code,
    prekeys,
    receipts,
)
from whatsapp_server.connection import Connection, Handler
from whatsapp_server.node import Node
from whatsapp_server.records import Presence


async def _take_iq(connection: Connection, node: Node) -> None:
    """Answer a request by its namespace, type and first child."""
    if node.text("type") in ("result", "error"):
        connection.settle(node.text("id"), node)
        return
    first = node.children[0].tag if node.children else ""
    kind = f"{node.text('xmlns')}/{node.text('type')}/{first}"
    connection.world.counts[kind] += 1
    await _REQUESTS.get(kind, _unplayed)(connection, node)


async def _unplayed(connection: Connection, request: Node) -> None:
    """Keep the client content with an empty result; a test can see that nothing played it."""
    first = request.children[0].tag if request.children else ""
    connection.world.unhandled[f"{request.text('xmlns')}/{request.text('type')}/{first}"] += 1
    await connection.answer(request)


async def _take_ack(connection: Connection, node: Node) -> None:
    if node.text("class") == "receipt":
        await receipts.take_ack(connection, node)
    else:
        connection.settle(node.text("id"), node)


async def _become_active(connection: Connection, request: Node) -> None:
    """Let a device hear what it missed: it is passive until it has told its keys."""
    await connection.answer(request)
    await app_state.share_key(connection)
    connection.soon(receipts.post_kept(connection))


async def _just_answer(connection: Connection, request: Node) -> None:
    await connection.answer(request)


async def _answer_ping(connection: Connection, request: Node) -> None:
    if connection.behaviour.answer_pings:
        await connection.answer(request)


async def _remove_device(connection: Connection, request: Node) -> None:
    device = request.child("remove-companion-device").jid("jid").device
    connection.user.linked.pop(device, None)
    if connection.behaviour.answer_logout:
        await connection.answer(request)


async def _keep_presence(connection: Connection, node: Node) -> None:
    said = Presence(
        device=str(connection.jid), kind=node.text("type"), name=node.text("name"), at=time.time()
    )
    connection.world.presences.append(said)


STANZAS: Mapping[str, Handler] = {
    "iq": _take_iq,
    "ack": _take_ack,
    "presence": _keep_presence,
    "message": messages.take_message,
    "receipt": messages.take_receipt,
}

_REQUESTS: Mapping[str, Handler] = {
    "encrypt/get/count": prekeys.count_prekeys,
    "encrypt/set/registration": prekeys.keep_prekeys,
    "encrypt/get/key": prekeys.give_bundles,
    "passive/set/active": _become_active,
    "passive/set/passive": _just_answer,
    "w:p/get/": _answer_ping,
    "w:g2/get/participating": groups.list_groups,
    "w:g2/get/query": groups.tell_group,
    "w:m/set/media_conn": media_host.tell_hosts,
    "w:sync:app:state/set/sync": app_state.tell_state,
    "usync/get/usync": contacts.tell_users,
    "md/set/link_code_companion_reg": pairing_code.take_link_code,
    "md/set/remove-companion-device": _remove_device,
}
