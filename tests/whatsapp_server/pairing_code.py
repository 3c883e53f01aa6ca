"""Links a client by the eight letters it shows: WhatsApp's half and the phone's.

Both sides make an ephemeral key and seal its public half with the code; under the secret that
those two agree on, the client sends what a QR would have shown.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from whatsapp_server.addresses import JID, SERVER
from whatsapp_server.connection import CodeRequest, Connection
from whatsapp_server.curve import KeyPair, agree, hkdf
from whatsapp_server.node import Node
from whatsapp_server.pairing import Offer, PairingRefusedError, pair
from whatsapp_server.world import User, World

_TAG = "link_code_companion_reg"
_ITERATIONS = 2 << 16
_SALT, _IV, _NONCE, _KEY = 32, 16, 12, 32

# WhatsApp refuses names that are not a known browser on a known system.
_DISPLAY_NAME = re.compile(
    r"(Chrome|Edge|Firefox|IE|Opera|Safari) \((Android|Linux|Mac OS|Windows)\)", re.IGNORECASE
)


async def take_link_code(connection: Connection, request: Node) -> None:
    """Answer a client that shows a code, and take what it sends once the code was entered."""
    stage = request.child(_TAG).text("stage")
    await {"companion_hello": _take_hello, "companion_finish": _take_finish}[stage](
        connection, request
    )


async def _take_hello(connection: Connection, request: Node) -> None:
    hello = request.child(_TAG)
    error = connection.behaviour.pairing_code_error
    if not _DISPLAY_NAME.fullmatch(hello.child("companion_platform_display").bytes.decode()):
        error = 400
    if error or connection.pairing is None:
        await connection.refuse(request, error or 400)
        return
    ref = "3@" + base64.b64encode(os.urandom(24)).decode()
    connection.pairing.code = CodeRequest(
        phone=hello.jid("jid").user,
        ref=ref,
        sealed_key=hello.child("link_code_pairing_wrapped_companion_ephemeral_pub").bytes,
    )
    await connection.answer(
        request, [Node(_TAG, {}, [Node("link_code_pairing_ref", {}, ref.encode())])]
    )


async def _take_finish(connection: Connection, request: Node) -> None:
    await connection.answer(request)
    ref = request.child(_TAG, "link_code_pairing_ref").bytes.decode()
    connection.settle(ref, request.child(_TAG, "link_code_pairing_wrapped_key_bundle"))


async def enter_code(world: World, code: str, user: User) -> JID:
    """Type the code into the phone of `user`; returns the linked device's JID."""
    for connection in world.connections:
        pairing = connection.pairing
        if pairing is not None and pairing.code is not None and pairing.code.phone == user.phone:
            phone = _Phone(code.replace("-", "").upper(), user.devices[0].identity)
            return await pair(await phone.link(connection, pairing.code), user)
    raise PairingRefusedError(f"no client asked for a code for {user.phone}")


@dataclass
class _Phone:
    """The phone's half: its identity and the code that was typed."""

    code: str
    identity: KeyPair

    async def link(self, connection: Connection, request: CodeRequest) -> Offer:
        """Agree on a secret with the client, read the bundle it sends under it."""
        ephemeral = KeyPair.new()
        theirs = self._crypt(request.sealed_key, request.sealed_key[_SALT + _IV :])
        head = os.urandom(_SALT + _IV)
        sealed = head + self._crypt(head, ephemeral.public)
        finish = connection.expect(request.ref)
        await connection.notify(_TAG, SERVER, [self._hello(request.ref, sealed)])
        bundle = (await connection.patiently(finish)).bytes
        secret = agree(ephemeral.private, theirs)
        identity, adv_random = self._open(bundle, secret)
        shared = secret + agree(self.identity.private, identity) + adv_random
        return Offer(connection, identity, hkdf(shared, _KEY, b"adv_secret"))

    def _crypt(self, head: bytes, key: bytes) -> bytes:
        """Seal or open a public key with the code; `head` begins with salt and IV."""
        salt, iv = head[:_SALT], head[_SALT : _SALT + _IV]
        derived = hashlib.pbkdf2_hmac("sha256", self.code.encode(), salt, _ITERATIONS, _KEY)
        cipher = Cipher(algorithms.AES(derived), modes.CTR(iv)).encryptor()
        return cipher.update(key) + cipher.finalize()

    def _hello(self, ref: str, sealed_key: bytes) -> Node:
        parts = {
            "link_code_pairing_wrapped_primary_ephemeral_pub": sealed_key,
            "primary_identity_pub": self.identity.public,
            "link_code_pairing_ref": ref.encode(),
        }
        children = [Node(tag, {}, content) for tag, content in parts.items()]
        return Node(_TAG, {"stage": "primary_hello"}, children)

    def _open(self, bundle: bytes, secret: bytes) -> tuple[bytes, bytes]:
        """Return the client's identity and its share of the secret that seals the pairing."""
        salt, rest = bundle[:_SALT], bundle[_SALT:]
        key = hkdf(secret, _KEY, b"link_code_pairing_key_bundle_encryption_key", salt)
        try:
            plain = AESGCM(key).decrypt(rest[:_NONCE], rest[_NONCE:], None)
        except InvalidTag:
            raise PairingRefusedError("the code is wrong") from None
        if plain[_KEY : 2 * _KEY] != self.identity.public:
            raise PairingRefusedError("the client answers another phone")
        return plain[:_KEY], plain[2 * _KEY :]
