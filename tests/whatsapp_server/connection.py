"""One client's connection: frames under Noise, and stanzas by a dispatch table."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from whatsapp_server.addresses import JID, SERVER
from whatsapp_server.behaviour import Behaviour
from whatsapp_server.binary_xml import decode, encode
from whatsapp_server.node import Content, Node
from whatsapp_server.noise import ServerHandshake
from whatsapp_server.protobufs import wa6
from whatsapp_server.world import LinkedDevice, User, World

log = logging.getLogger(__name__)

Handler: TypeAlias = "Callable[[Connection, Node], Awaitable[None]]"
Handlers: TypeAlias = Mapping[str, Handler]

_PROLOGUE_SIZE = 4
_LENGTH_SIZE = 3
_ANSWER_SECONDS = 10
# Lets the client read the last stanza before it sees the end of the connection.
_LAST_STANZA_SECONDS = 0.05

ERROR_TEXTS = {
    400: "bad-request",
    403: "forbidden",
    404: "item-not-found",
    429: "rate-overlimit",
    500: "internal-server-error",
    503: "service-unavailable",
}


class ClientGoneError(Exception):
    """The client closed its connection while something was expected of it."""


@dataclass
class CodeRequest:
    """A client that shows a pairing code for a phone."""

    phone: str
    ref: str
    sealed_key: bytes
    """The client's ephemeral key under the code: salt, IV, ciphertext."""


@dataclass
class Pairing:
    """A connection without an account: what its codes refer to."""

    registration: wa6.ClientPayload.DevicePairingRegistrationData
    refs: list[str] = field(default_factory=list[str])
    code: CodeRequest | None = None


class Connection:
    """A connected client: `pairing` until it has an account, `user` and `device` after that."""

    def __init__(self, world: World, websocket: ServerConnection) -> None:
        self.world, self._websocket = world, websocket
        self.pairing: Pairing | None = None
        self.user_or_none: User | None = None
        self.device: int = 0
        self._buffer = bytearray()
        self._sending = asyncio.Lock()
        self._ids = 0
        self._expected: dict[str, asyncio.Future[Node | None]] = {}
        self._later: set[asyncio.Task[None]] = set()

    @property
    def user(self) -> User:
        if self.user_or_none is None:
            raise LookupError("this connection has no account")
        return self.user_or_none

    @property
    def linked(self) -> LinkedDevice:
        return self.user.linked[self.device]

    @property
    def jid(self) -> JID:
        return self.user.address("pn", self.device)

    @property
    def behaviour(self) -> Behaviour:
        if self.user_or_none is None:
            return self.world.behaviour
        return self.world.behaviour_towards(self.user_or_none)

    async def shake_hands(self) -> wa6.ClientPayload:
        """Do the Noise handshake; returns who the client says it is."""
        handshake = ServerHandshake(await self._read(_PROLOGUE_SIZE))
        await self._write_frame(handshake.answer(await self._read_frame()))
        client = handshake.finish(await self._read_frame())
        self._incoming, self._outgoing = handshake.split()
        return client

    async def serve(self, handlers: Handlers) -> None:
        """Answer stanzas until the connection ends."""
        while True:
            node = await self._receive()
            self.world.counts[node.tag] += 1
            # A device that was unlinked a moment ago gets no answers any more.
            if node.tag in handlers and (self.user_or_none is None or self._is_linked()):
                await handlers[node.tag](self, node)
            self.world.notice()

    async def send(self, node: Node) -> None:
        async with self._sending:
            self._note("<", node)
            await self._write_frame(self._outgoing.encrypt(encode(node)))

    async def say(self, plain: bytes, *, sealed: bool) -> None:
        """Send what may be no stanza at all."""
        async with self._sending:
            await self._write_frame(self._outgoing.encrypt(plain) if sealed else plain)

    def soon(self, work: Awaitable[None]) -> None:
        """Do something beside the stanzas, as long as the connection lasts."""

        async def guarded() -> None:
            try:
                await work
            except ConnectionClosed:
                log.debug("the connection ended first")

        task = asyncio.create_task(guarded())
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    def new_id(self) -> str:
        self._ids += 1
        return f"played-{id(self):x}-{self._ids}"

    async def ask(self, node: Node) -> Node:
        """Send a stanza with an id and wait for its result or ack."""
        answer = self.expect(node.text("id"))
        await self.send(node)
        return await self.patiently(answer)

    def expect(self, key: str) -> asyncio.Future[Node | None]:
        """Return what `settle` will bring; None is the end of the connection."""
        self._expected[key] = asyncio.get_running_loop().create_future()
        return self._expected[key]

    async def patiently(self, answer: asyncio.Future[Node | None]) -> Node:
        """Wait for what was expected, but not for ever."""
        async with asyncio.timeout(_ANSWER_SECONDS):
            node = await answer
        if node is None:
            raise ClientGoneError("the client went away before it answered")
        return node

    def settle(self, key: str, node: Node | None) -> None:
        """Bring what is expected under that key, if anything is."""
        answer = self._expected.pop(key, None)
        if answer is not None and not answer.done():
            answer.set_result(node)

    def give_up(self) -> None:
        """Tell all who expect something or work for this client that it is gone."""
        for key in list(self._expected):
            self.settle(key, None)
        for task in self._later:
            task.cancel()

    async def answer(self, request: Node, content: Content = None) -> None:
        """Send the result of an iq."""
        await self._reply(request, "result", content)

    async def refuse(self, request: Node, code: int) -> None:
        """Send the error of an iq."""
        error = Node("error", {"code": code, "text": ERROR_TEXTS.get(code, "error")})
        await self._reply(request, "error", [error])

    async def notify(
        self, kind: str, sender: JID, children: list[Node], **attrs: JID | str
    ) -> None:
        """Send a notification and wait for the client's ack."""
        about = {"from": sender, "type": kind, "id": self.new_id(), "t": int(time.time())}
        await self.ask(Node("notification", {**about, **attrs}, children))

    async def fail(self, attrs: Mapping[str, str]) -> None:
        """Refuse the login and end the connection."""
        await self.send(Node("failure", dict(attrs)))
        await self.close()

    async def end_stream(self, code: str = "", conflict: str = "", *, close: bool = True) -> None:
        """Send a <stream:error>, as WhatsApp does before it ends a connection."""
        content: Content = [Node("conflict", {"type": conflict})] if conflict else None
        await self.send(Node("stream:error", {"code": code}, content))
        if close:
            await self.close()

    async def close(self) -> None:
        await asyncio.sleep(_LAST_STANZA_SECONDS)
        await self._websocket.close()

    async def wait_gone(self) -> None:
        """Say nothing until the client gives up."""
        await self._websocket.wait_closed()

    def cut(self) -> None:
        """Cut the TCP connection without a word."""
        self._websocket.transport.abort()

    async def _reply(self, request: Node, kind: str, content: Content) -> None:
        attrs = {"from": request.attrs.get("to", SERVER), "type": kind, "id": request.text("id")}
        await self.send(Node("iq", attrs, content))

    async def _receive(self) -> Node:
        node = decode(self._incoming.decrypt(await self._read_frame()))
        self._note(">", node)
        return node

    def _is_linked(self) -> bool:
        return self.device in self.user.linked

    def _note(self, direction: str, node: Node) -> None:
        if self.world.keep_frames:
            self.world.frames.append(f"{time.time():.3f} {id(self):x} {direction} {node}")

    async def _read(self, size: int) -> bytes:
        while len(self._buffer) < size:
            part = await self._websocket.recv(decode=False)
            self._buffer += part
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken

    async def _read_frame(self) -> bytes:
        return await self._read(int.from_bytes(await self._read(_LENGTH_SIZE), "big"))

    async def _write_frame(self, frame: bytes) -> None:
        await self._websocket.send(len(frame).to_bytes(_LENGTH_SIZE, "big") + frame)
