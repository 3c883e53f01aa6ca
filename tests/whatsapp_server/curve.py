"""Curve25519 as WhatsApp uses it: agreement, XEdDSA signatures, HKDF."""

from __future__ import annotations

import hashlib
import hmac
import os
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from nacl import bindings
from nacl.exceptions import BadSignatureError

_FIELD = 2**255 - 19
_SIGN_BIT = 0x80


@dataclass(frozen=True)
class KeyPair:
    """A clamped Curve25519 scalar and its public point, 32 bytes each."""

    private: bytes
    public: bytes

    @classmethod
    def new(cls, seed: bytes | None = None) -> KeyPair:
        key = bytearray(seed or os.urandom(32))
        key[0] &= 248
        key[31] = key[31] & 127 | 64
        private = X25519PrivateKey.from_private_bytes(bytes(key))
        return cls(bytes(key), private.public_key().public_bytes_raw())


def agree(private: bytes, public: bytes) -> bytes:
    """Return the shared secret of a Diffie-Hellman agreement."""
    return X25519PrivateKey.from_private_bytes(private).exchange(
        X25519PublicKey.from_public_bytes(public)
    )


def sign(private: bytes, message: bytes) -> bytes:
    """Sign with XEdDSA, the way libsignal does it with Curve25519 keys."""
    scalar = bindings.crypto_core_ed25519_scalar_reduce(private + bytes(32))
    public = bindings.crypto_scalarmult_ed25519_base_noclamp(scalar)
    nonce = _scalar(b"\xfe" + b"\xff" * 31 + private + message + os.urandom(64))
    commitment = bindings.crypto_scalarmult_ed25519_base_noclamp(nonce)
    challenge = _scalar(commitment + public + message)
    response = bytearray(
        bindings.crypto_core_ed25519_scalar_add(
            nonce, bindings.crypto_core_ed25519_scalar_mul(challenge, scalar)
        )
    )
    response[31] = response[31] & ~_SIGN_BIT | public[31] & _SIGN_BIT
    return commitment + bytes(response)


def verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Check an XEdDSA signature against a Curve25519 public key."""
    montgomery = int.from_bytes(public, "little") & (1 << 255) - 1
    edwards = (montgomery - 1) * pow(montgomery + 1, _FIELD - 2, _FIELD) % _FIELD
    key = bytearray(edwards.to_bytes(32, "little"))
    key[31] |= signature[63] & _SIGN_BIT
    plain = signature[:63] + bytes((signature[63] & ~_SIGN_BIT,))
    try:
        bindings.crypto_sign_open(plain + message, bytes(key))
    except BadSignatureError:
        return False
    return True


def hkdf(secret: bytes, size: int, info: bytes = b"", salt: bytes = bytes(32)) -> bytes:
    """Derive `size` bytes, HKDF with SHA-256 (RFC 5869)."""
    key = hmac.digest(salt, secret, "sha256")
    out = block = b""
    for counter in range(1, -(-size // 32) + 1):
        block = hmac.digest(key, block + info + bytes((counter,)), "sha256")
        out += block
    return out[:size]


def _scalar(message: bytes) -> bytes:
    return bindings.crypto_core_ed25519_scalar_reduce(hashlib.sha512(message).digest())
