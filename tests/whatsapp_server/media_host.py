"""Where clients upload media: an HTTPS server beside the WebSocket, in threads of its own.

The phones live in the same process and fetch from `world.media`.
"""

from __future__ import annotations

import json
import ssl
import threading
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast
from urllib.parse import parse_qs, urlsplit

from whatsapp_server.connection import Connection
from whatsapp_server.node import Node
from whatsapp_server.world import World

_TTL_SECONDS = 300


async def tell_hosts(connection: Connection, request: Node) -> None:
    """Answer where media goes, and what to show there."""
    if error := connection.behaviour.media_conn_error:
        await connection.refuse(request, error)
        return
    host = Node("host", {"hostname": connection.world.media_address, "type": "primary"})
    attrs = {"auth": connection.user.phone, "ttl": _TTL_SECONDS, "auth_ttl": _TTL_SECONDS}
    told = Node("media_conn", {**attrs, "max_buckets": 12}, [host])
    await connection.answer(request, [told])


def serve_media(world: World, address: str, tls: ssl.SSLContext) -> None:
    """Take uploads as long as the process lives; `world.media_address` says where."""
    server = _MediaServer(world, address, tls)
    world.media_address = f"{address}:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()


class _MediaServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, world: World, address: str, tls: ssl.SSLContext) -> None:
        self.world = world
        super().__init__((address, 0), _MediaRequest)
        # The handshake is left to the thread that serves the connection.
        self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a client that went away."""


class _MediaRequest(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Take an encrypted file; the token in its path is the digest of its ciphertext."""
        url = urlsplit(self.path)
        world = cast("_MediaServer", self.server).world
        sealed = self.rfile.read(int(self.headers["Content-Length"]))
        behaviour = world.behaviour_towards(world.user(parse_qs(url.query)["auth"][0]))
        time.sleep(behaviour.upload_delay)
        if behaviour.upload_status == HTTPStatus.OK:
            world.media[url.path] = sealed
        taken = {"url": f"https://{world.media_address}{url.path}", "direct_path": url.path}
        self._answer(behaviour.upload_status, json.dumps(taken).encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as it is overridden
        """Write no log."""

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
