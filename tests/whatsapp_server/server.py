"""The played WhatsApp: its WebSocket on loopback, one Connection a client."""

from __future__ import annotations

import logging
from http import HTTPStatus

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from whatsapp_server.connection import Connection
from whatsapp_server.login import log_in
from whatsapp_server.pairing import start_pairing
from whatsapp_server.protobufs import wa6
from whatsapp_server.stanzas import STANZAS
from whatsapp_server.world import World

log = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"
_FRAME_MAX_BYTES = 1 << 24


async def listen(world: World, port: int) -> Server:
    """Serve clients; port 0 takes a free one."""

    async def serve_client(websocket: ServerConnection) -> None:
        await _serve_client(world, websocket)

    def admit(websocket: ServerConnection, _request: Request) -> Response | None:
        if not world.behaviour.refuse_websocket:
            return None
        world.refused += 1
        world.notice()
        return websocket.respond(HTTPStatus.SERVICE_UNAVAILABLE, "refused\n")

    return await serve(
        serve_client,
        LOOPBACK,
        port,
        process_request=admit,
        compression=None,
        ping_interval=None,
        close_timeout=1,
        max_size=_FRAME_MAX_BYTES,
    )


async def _serve_client(world: World, websocket: ServerConnection) -> None:
    connection = Connection(world, websocket)
    try:
        await _serve(connection)
    except ConnectionClosed:
        log.debug("a connection ended")
    finally:
        _forget(connection)
        await websocket.close()


async def _serve(connection: Connection) -> None:
    world = connection.world
    if not world.behaviour.answer_handshake:
        await connection.wait_gone()
        return
    client = await connection.shake_hands()
    world.handshakes += 1
    world.connections.add(connection)
    if await _admit(connection, client):
        world.notice()
        await connection.serve(STANZAS)


async def _admit(connection: Connection, client: wa6.ClientPayload) -> bool:
    """Let a client in, to pair or with its device; returns False when it was refused."""
    if not client.HasField("devicePairingData"):
        return await log_in(connection, client)
    if error := connection.behaviour.registration_error:
        await connection.fail({"reason": str(error), "location": "played"})
        return False
    await start_pairing(connection, client.devicePairingData)
    return True


def _forget(connection: Connection) -> None:
    world, user = connection.world, connection.user_or_none
    world.connections.discard(connection)
    connection.give_up()
    linked = user.linked.get(connection.device) if user is not None else None
    if linked is not None and linked.connection is connection:
        linked.connection = None
    world.notice()
