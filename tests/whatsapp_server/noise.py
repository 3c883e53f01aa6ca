"""The server's half of Noise_XX_25519_AESGCM_SHA256, and the certificate chain it shows."""

from __future__ import annotations

import hashlib
import struct
import time

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from whatsapp_server.curve import KeyPair, agree, hkdf, sign
from whatsapp_server.protobufs import cert, wa6

# The root of the certificate chain; the overlay writes its public half into the client.
ROOT = KeyPair.new(hashlib.sha256(b"root key of the played WhatsApp, for tests only").digest())

_DAY_SECONDS = 86_400
_INTERMEDIATE_SERIAL = 7


class Cipher:
    """One direction of an encrypted stream: AES-GCM under a counter."""

    def __init__(self, key: bytes) -> None:
        self._key, self._counter = AESGCM(key), 0

    def encrypt(self, plain: bytes, associated: bytes | None = None) -> bytes:
        return self._key.encrypt(self._nonce(), plain, associated)

    def decrypt(self, sealed: bytes, associated: bytes | None = None) -> bytes:
        return self._key.decrypt(self._nonce(), sealed, associated)

    def _nonce(self) -> bytes:
        nonce = struct.pack(">8xI", self._counter)
        self._counter += 1
        return nonce


class ServerHandshake:
    """The responder: `answer` the client's hello, `finish` with its last message."""

    def __init__(self, prologue: bytes) -> None:
        self._hash = b"Noise_XX_25519_AESGCM_SHA256".ljust(32, b"\0")
        self._salt = self._hash
        self._cipher = Cipher(self._hash)
        self._ephemeral = KeyPair.new()
        self._mix_hash(prologue)

    def answer(self, frame: bytes) -> bytes:
        """Read ClientHello, return ServerHello."""
        theirs = wa6.HandshakeMessage.FromString(frame).clientHello.ephemeral
        static = KeyPair.new()
        self._mix_hash(theirs)
        self._mix_hash(self._ephemeral.public)
        self._mix_key(agree(self._ephemeral.private, theirs))
        sealed_static = self._encrypt(static.public)
        self._mix_key(agree(static.private, theirs))
        hello = wa6.HandshakeMessage.ServerHello(
            ephemeral=self._ephemeral.public,
            static=sealed_static,
            payload=self._encrypt(_certificate_chain(static.public)),
        )
        return wa6.HandshakeMessage(serverHello=hello).SerializeToString()

    def finish(self, frame: bytes) -> wa6.ClientPayload:
        """Read ClientFinish, return who the client says it is."""
        last = wa6.HandshakeMessage.FromString(frame).clientFinish
        self._mix_key(agree(self._ephemeral.private, self._decrypt(last.static)))
        return wa6.ClientPayload.FromString(self._decrypt(last.payload))

    def split(self) -> tuple[Cipher, Cipher]:
        """Return the ciphers of what arrives and of what is sent."""
        keys = hkdf(b"", 64, salt=self._salt)
        return Cipher(keys[:32]), Cipher(keys[32:])

    def _mix_hash(self, part: bytes) -> None:
        self._hash = hashlib.sha256(self._hash + part).digest()

    def _mix_key(self, secret: bytes) -> None:
        keys = hkdf(secret, 64, salt=self._salt)
        self._salt, self._cipher = keys[:32], Cipher(keys[32:])

    def _encrypt(self, plain: bytes) -> bytes:
        sealed = self._cipher.encrypt(plain, self._hash)
        self._mix_hash(sealed)
        return sealed

    def _decrypt(self, sealed: bytes) -> bytes:
        plain = self._cipher.decrypt(sealed, self._hash)
        self._mix_hash(sealed)
        return plain


def _certificate_chain(static: bytes) -> bytes:
    """Vouch for the server's static key: root → intermediate → leaf."""
    intermediate = KeyPair.new()
    chain = cert.CertChain(
        intermediate=_certificate(ROOT, _INTERMEDIATE_SERIAL, 0, intermediate.public),
        leaf=_certificate(intermediate, _INTERMEDIATE_SERIAL + 1, _INTERMEDIATE_SERIAL, static),
    )
    return chain.SerializeToString()


def _certificate(
    issuer: KeyPair, serial: int, issuer_serial: int, key: bytes
) -> cert.CertChain.NoiseCertificate:
    now = int(time.time())
    details = cert.CertChain.NoiseCertificate.Details(
        serial=serial,
        issuerSerial=issuer_serial,
        key=key,
        notBefore=now - _DAY_SECONDS,
        notAfter=now + 365 * _DAY_SECONDS,
    ).SerializeToString()
    return cert.CertChain.NoiseCertificate(details=details, signature=sign(issuer.private, details))
