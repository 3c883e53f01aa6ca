"""The control socket: one command a line, one answer a line, both JSON."""

from __future__ import annotations

import asyncio

from msgspec import MsgspecError, json
from websockets.exceptions import ConnectionClosed

from whatsapp_server.commands import COMMANDS
from whatsapp_server.connection import ClientGoneError
from whatsapp_server.pairing import PairingRefusedError
from whatsapp_server.records import Request
from whatsapp_server.server import LOOPBACK
from whatsapp_server.world import World

_LINE_MAX_BYTES = 1 << 26
_EXPECTED = (
    ClientGoneError,
    ConnectionClosed,
    LookupError,
    MsgspecError,
    PairingRefusedError,
    TimeoutError,
    TypeError,
    ValueError,
)


async def listen_for_commands(world: World, port: int) -> asyncio.Server:
    """Serve tests; port 0 takes a free one."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async for line in reader:
            writer.write(json.encode(await _obey(world, line)) + b"\n")
            await writer.drain()
        writer.close()

    return await asyncio.start_server(serve, LOOPBACK, port, limit=_LINE_MAX_BYTES)


async def _obey(world: World, line: bytes) -> dict[str, object]:
    try:
        request = json.decode(line, type=Request)
        result = await COMMANDS[request.command](world, **request.arguments)
    except _EXPECTED as error:
        return {"error": f"{type(error).__name__}: {error}"}
    world.notice()
    return {"result": result}
