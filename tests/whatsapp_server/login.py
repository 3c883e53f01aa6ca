"""A client that comes back with a device: it is let in, or told why not."""

from __future__ import annotations

import time

from whatsapp_server.addresses import JID, LID, SERVER
from whatsapp_server.connection import Connection
from whatsapp_server.node import Node
from whatsapp_server.protobufs import wa6

_UNKNOWN_DEVICE = {"reason": "401", "location": "played"}


async def log_in(connection: Connection, client: wa6.ClientPayload) -> bool:
    """Let a linked device in; returns False when it was refused."""
    user = connection.world.users.get(str(client.username))
    refusal = _UNKNOWN_DEVICE
    if user is not None and client.device in user.linked:
        refusal = user.refusal
    if user is None or refusal is not None:
        await connection.fail(refusal or _UNKNOWN_DEVICE)
        return False
    connection.user_or_none, connection.device = user, client.device
    earlier = connection.linked.connection
    connection.linked.connection = connection
    if earlier is not None:
        connection.soon(earlier.end_stream(conflict="replaced"))
    await _welcome(connection)
    return True


async def _welcome(connection: Connection) -> None:
    now = int(time.time())
    await connection.send(
        Node(
            "success",
            {
                "t": now,
                "creation": now - 1000,
                "lid": JID(connection.user.lid_number, LID, connection.device),
                "props": "27",
                "location": "played",
                "companion_enc_static": "x",
                "abprops": "11",
            },
        )
    )
    await connection.send(Node("ib", {"from": SERVER}, [Node("offline", {"count": "0"})]))
