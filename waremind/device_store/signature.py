"""XEdDSA signatures by Curve25519 keys (https://signal.org/docs/specifications/xeddsa/)."""

# cryptography takes 10 MB of a daemon: it is loaded for those who hand a device over.
# ruff: noqa: PLC0415

_FIELD = 2**255 - 19
_SIGN_BIT = 0x80


def public_of(private: bytes) -> bytes:
    """Compute the public key, 32 bytes, of a private one."""
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def is_signed(public: bytes, message: bytes, signature: bytes) -> bool:
    """Tell whether the owner of a Curve25519 key has signed a message.

    The key is taken to the curve on which Ed25519 verifies; libsignal keeps the sign of its point
    in the highest bit of the signature (its curve25519_verify).
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    u = int.from_bytes(public, "little") & (1 << 255) - 1
    y = (u - 1) * pow(u + 1, -1, _FIELD) % _FIELD if (u + 1) % _FIELD else 0
    key = bytearray(y.to_bytes(32, "little"))
    key[31] |= signature[63] & _SIGN_BIT
    plain = signature[:63] + bytes([signature[63] & ~_SIGN_BIT])
    try:
        Ed25519PublicKey.from_public_bytes(bytes(key)).verify(plain, message)
    except (InvalidSignature, ValueError):
        return False
    return True
