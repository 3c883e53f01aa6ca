"""The Signal protocol (version 3) of one played device: it reads all, and opens sessions."""

from __future__ import annotations

import hmac
import os
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from whatsapp_server.curve import KeyPair, agree, hkdf, sign, verify
from whatsapp_server.protobuf_wire import Fields, read_fields, write_fields

_KEY_TYPE = b"\5"
_VERSION = b"\x33"
_MAC_SIZE = 8
_SIGNATURE_SIZE = 64


class DecryptError(Exception):
    """A ciphertext that a real phone could not have read either."""


@dataclass
class _Chain:
    """A hash chain of message keys; those skipped are kept for late messages."""

    key: bytes
    index: int = 0
    skipped: dict[int, bytes] = field(default_factory=dict[int, bytes])

    def message_key(self, counter: int) -> bytes:
        while self.index <= counter:
            self.skipped[self.index] = hmac.digest(self.key, b"\1", "sha256")
            self.key = hmac.digest(self.key, b"\2", "sha256")
            self.index += 1
        try:
            return self.skipped.pop(counter)
        except KeyError:
            raise DecryptError(f"message {counter} was read before") from None


@dataclass
class _Session:
    """What two devices agreed on; nothing follows its first message, so its ratchet key stays."""

    root: bytes
    ratchet: KeyPair
    their_identity: bytes
    chains: dict[bytes, _Chain] = field(default_factory=dict[bytes, _Chain])

    def chain(self, their_ratchet: bytes) -> _Chain:
        if their_ratchet not in self.chains:
            secret = agree(self.ratchet.private, their_ratchet)
            self.chains[their_ratchet] = _Chain(hkdf(secret, 64, b"WhisperRatchet", self.root)[32:])
        return self.chains[their_ratchet]


@dataclass
class _SenderKey:
    """A sender's chain in one group, and the key that signs it."""

    chain: _Chain
    signing: bytes


@dataclass(frozen=True)
class Bundle:
    """Public keys of a device that somebody opens a session with; ids as on the wire."""

    identity: bytes
    signed_prekey_id: bytes
    signed_prekey: bytes
    prekey_id: bytes
    prekey: bytes


class SignalDevice:
    """Keys and sessions of one played device."""

    def __init__(self) -> None:
        self.identity = KeyPair.new()
        self.signed_prekey = KeyPair.new()
        self.signature = sign(self.identity.private, _KEY_TYPE + self.signed_prekey.public)
        self.registration_id = int.from_bytes(os.urandom(2), "big") & 0x3FFF or 1
        self._prekeys: dict[int, KeyPair] = {}
        self._made_prekeys = 0
        self._sessions: dict[tuple[str, bytes], _Session] = {}
        self._current: dict[str, _Session] = {}
        self._sender_keys: dict[tuple[str, str], _SenderKey] = {}

    def new_prekey(self) -> tuple[int, bytes]:
        """Make a one-time key; returns its id and public half."""
        self._made_prekeys += 1
        self._prekeys[self._made_prekeys] = key = KeyPair.new()
        return self._made_prekeys, key.public

    def decrypt(self, sender: str, kind: str, blob: bytes) -> bytes:
        """Read a `pkmsg` (which opens a session) or a `msg` (which needs one)."""
        if kind == "pkmsg":
            fields = read_fields(blob[1:])
            self._current[sender] = self._open_session(sender, fields)
            blob = fields.raw(4)
        elif kind != "msg":
            raise DecryptError(f"cannot read a {kind!r}")
        if sender not in self._current:
            raise DecryptError(f"no session with {sender}")
        return self._read(self._current[sender], blob)

    def keep_sender_key(self, group: str, sender: str, distribution: bytes) -> None:
        """Take what a sender hands to each member before its first message to a group."""
        fields = read_fields(distribution[1:])
        known = self._sender_keys.get((group, sender))
        if known is None or known.signing != fields.key(4):
            chain = _Chain(fields.raw(3), fields.number(2))
            self._sender_keys[group, sender] = _SenderKey(chain, fields.key(4))

    def has_sender_key(self, group: str, sender: str) -> bool:
        return (group, sender) in self._sender_keys

    def decrypt_group(self, group: str, sender: str, blob: bytes) -> bytes:
        """Read an `skmsg`."""
        known = self._sender_keys.get((group, sender))
        if known is None:
            raise DecryptError(f"no sender key of {sender} in {group}")
        body, signature = blob[:-_SIGNATURE_SIZE], blob[-_SIGNATURE_SIZE:]
        if not verify(known.signing, body, signature):
            raise DecryptError("the group signature is wrong")
        fields = read_fields(body[1:])
        keys = hkdf(known.chain.message_key(fields.number(2)), 48, b"WhisperGroup")
        return _unpad(_decrypt_cbc(keys[16:48], keys[:16], fields.raw(3)))

    def seal(self, recipient: str, bundle: Bundle, plain: bytes) -> bytes:
        """Return a `pkmsg`: the first message of a session that this device opens."""
        base, ratchet = KeyPair.new(), KeyPair.new()
        secret = (
            b"\xff" * 32
            + agree(self.identity.private, bundle.signed_prekey)
            + agree(base.private, bundle.identity)
            + agree(base.private, bundle.signed_prekey)
            + agree(base.private, bundle.prekey)
        )
        first = hkdf(secret, 64, b"WhisperText")[:32]
        agreed = agree(ratchet.private, bundle.signed_prekey)
        keys = hkdf(agreed, 64, b"WhisperRatchet", first)
        session = _Session(keys[:32], ratchet, bundle.identity)
        self._current[recipient] = session
        sealed = self._write(session, _Chain(keys[32:]).message_key(0), plain)
        numbers = {5: self.registration_id, 1: int.from_bytes(bundle.prekey_id, "big")}
        parts = {2: base.public, 3: self.identity.public}
        return _VERSION + write_fields(
            {
                **numbers,
                **{number: _KEY_TYPE + key for number, key in parts.items()},
                4: sealed,
                6: int.from_bytes(bundle.signed_prekey_id, "big"),
            }
        )

    def _write(self, session: _Session, message_key: bytes, plain: bytes) -> bytes:
        keys = hkdf(message_key, 80, b"WhisperMessageKeys")
        text = encrypt_cbc(keys[:32], keys[64:80], plain + b"\1")
        ratchet = _KEY_TYPE + session.ratchet.public
        body = _VERSION + write_fields({1: ratchet, 2: 0, 3: 0, 4: text})
        parties = _KEY_TYPE + self.identity.public + _KEY_TYPE + session.their_identity
        return body + hmac.digest(keys[32:64], parties + body, "sha256")[:_MAC_SIZE]

    def _open_session(self, sender: str, fields: Fields) -> _Session:
        base, identity = fields.key(2), fields.key(3)
        known = self._sessions.get((sender, base))
        if known is not None:
            return known
        secret = (
            b"\xff" * 32
            + agree(self.signed_prekey.private, identity)
            + agree(self.identity.private, base)
            + agree(self.signed_prekey.private, base)
        )
        if prekey := self._prekeys.pop(fields.number(1), None):
            secret += agree(prekey.private, base)
        session = _Session(hkdf(secret, 64, b"WhisperText")[:32], self.signed_prekey, identity)
        self._sessions[sender, base] = session
        return session

    def _read(self, session: _Session, blob: bytes) -> bytes:
        body, mac = blob[:-_MAC_SIZE], blob[-_MAC_SIZE:]
        fields = read_fields(body[1:])
        message_key = session.chain(fields.key(1)).message_key(fields.number(2))
        keys = hkdf(message_key, 80, b"WhisperMessageKeys")
        parties = _KEY_TYPE + session.their_identity + _KEY_TYPE + self.identity.public
        if hmac.digest(keys[32:64], parties + body, "sha256")[:_MAC_SIZE] != mac:
            raise DecryptError("the MAC is wrong")
        return _unpad(_decrypt_cbc(keys[:32], keys[64:80], fields.raw(4)))


def _decrypt_cbc(key: bytes, iv: bytes, sealed: bytes) -> bytes:
    decryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).decryptor()
    return _unpad(decryptor.update(sealed) + decryptor.finalize())


def encrypt_cbc(key: bytes, iv: bytes, plain: bytes) -> bytes:
    """Encrypt with the padding of PKCS #7."""
    missing = 16 - len(plain) % 16
    encryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    return encryptor.update(plain + bytes((missing,)) * missing) + encryptor.finalize()


def _unpad(padded: bytes) -> bytes:
    return padded[: -padded[-1]]
