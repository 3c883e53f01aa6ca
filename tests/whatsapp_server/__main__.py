"""Runs the played WhatsApp: `python -m whatsapp_server --port 0 --control 0 --with-parent`.

Prints one JSON line once it listens: its ports and the directory to put first on PYTHONPATH.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import sys
import tempfile
from pathlib import Path
from typing import get_args

from whatsapp_server.behaviour import Decrypting
from whatsapp_server.certificates import serve_tls
from whatsapp_server.control import listen_for_commands
from whatsapp_server.media_host import serve_media
from whatsapp_server.noise import ROOT
from whatsapp_server.overlay import build_overlay
from whatsapp_server.server import LOOPBACK, listen
from whatsapp_server.world import World


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="whatsapp_server", description="A played WhatsApp.")
    parser.add_argument(
        "--port", type=int, default=0, help="of the WebSocket (default: a free one)"
    )
    parser.add_argument("--control", type=int, default=0, help="port of the control socket")
    parser.add_argument("--decrypt", choices=get_args(Decrypting), default="all")
    parser.add_argument("--keep-frames", action="store_true", help="remember every stanza")
    parser.add_argument("--with-parent", action="store_true", help="end when standard input does")
    return parser.parse_args()


async def _run(arguments: argparse.Namespace, directory: Path) -> None:
    world = World(arguments.decrypt, keep_frames=arguments.keep_frames)
    clients = await listen(world, arguments.port)
    control = await listen_for_commands(world, arguments.control)
    port = next(iter(clients.sockets)).getsockname()[1]
    build_overlay(directory, port, ROOT.public)
    serve_media(world, LOOPBACK, serve_tls(directory, LOOPBACK))
    ports = {"port": port, "control": control.sockets[0].getsockname()[1]}
    sys.stdout.write(json.dumps({**ports, "overlay": str(directory)}) + "\n")
    sys.stdout.flush()
    await (_end_of_input() if arguments.with_parent else asyncio.Event().wait())


async def _end_of_input() -> None:
    ended = asyncio.Event()

    def read() -> None:
        if not os.read(sys.stdin.fileno(), 1):
            ended.set()

    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), read)
    await ended.wait()


def main() -> None:
    arguments = _arguments()
    logging.basicConfig(level=logging.WARNING)
    with tempfile.TemporaryDirectory(prefix="played-whatsapp-") as directory:
        asyncio.run(_run(arguments, Path(directory)))


if __name__ == "__main__":
    main()
