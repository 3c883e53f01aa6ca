"""Links a client to a played phone by QR: WhatsApp's half and the phone's."""

from __future__ import annotations

import base64
import hmac
import json
import os
import time
from dataclasses import dataclass

from whatsapp_server.addresses import JID, SERVER
from whatsapp_server.connection import Connection, Pairing
from whatsapp_server.curve import KeyPair, sign, verify
from whatsapp_server.node import Node
from whatsapp_server.protobufs import adv, wa6
from whatsapp_server.world import LinkedDevice, User, World

_ACCOUNT_SIGNATURE = b"\6\0"
_DEVICE_SIGNATURE = b"\6\1"


class PairingRefusedError(Exception):
    """The client would not be paired, or there is nothing to pair with."""


@dataclass(frozen=True)
class Offer:
    """What a client proves itself with: the contents of its QR, or of a pairing code's bundle."""

    connection: Connection
    identity: bytes
    secret: bytes
    """Under it the phone seals the device's identity (HMAC-SHA256)."""

    @classmethod
    def read(cls, world: World, payload: str) -> Offer:
        """Read a QR's payload, find the connection that shows it."""
        ref, _noise, identity, secret, *_ = payload.partition("#")[2].split(",")
        for connection in world.connections:
            if connection.pairing is not None and ref in connection.pairing.refs:
                return cls(connection, base64.b64decode(identity), base64.b64decode(secret))
        raise PairingRefusedError("no connection shows that code (any more)")


async def start_pairing(
    connection: Connection, registration: wa6.ClientPayload.DevicePairingRegistrationData
) -> None:
    """Hand a new client the refs of its QR codes."""
    count = connection.behaviour.qr_refs
    refs = ["2@" + base64.b64encode(os.urandom(96)).decode() for _ in range(count)]
    connection.pairing = Pairing(registration, refs)
    children = [Node("ref", {}, ref.encode()) for ref in refs]
    await connection.send(_server_iq(connection, Node("pair-device", {}, children)))


async def pair(offer: Offer, user: User, spoil: str = "") -> JID:
    """Link the client as the phone of `user`; `spoil` the `hmac` or the `signature`."""
    pairing = offer.connection.pairing
    if pairing is None:
        raise PairingRefusedError("that connection is paired already")
    if user.passkey:
        await _demand_passkey(offer.connection)
        raise PairingRefusedError("WhatsApp demands a passkey")
    user.links += 1
    jid = user.address("pn", user.links)
    success = Node(
        "pair-success",
        {},
        [
            Node("device-identity", {}, _sealed_identity(offer, user, spoil)),
            Node("device", {"jid": jid, "lid": user.address("lid", jid.device)}),
            Node("platform", {"name": "android"}),
        ],
    )
    answer = await offer.connection.ask(_server_iq(offer.connection, success))
    _check(answer, offer.identity, user)
    user.linked[jid.device] = _linked_device(jid.device, offer.identity, pairing.registration)
    pairing.refs.clear()
    if offer.connection.behaviour.restart_after_pairing:
        await offer.connection.end_stream("515", close=False)
    return jid


async def _demand_passkey(connection: Connection) -> None:
    """Ask the client for a WebAuthn assertion, as WhatsApp has done since June 2026."""
    options = {
        "challenge": base64.urlsafe_b64encode(os.urandom(32)).decode().rstrip("="),
        "timeout": 600_000,
        "rpId": "whatsapp.com",
        "allowCredentials": [],
        "userVerification": "required",
        "extensions": {"uvm": True},
    }
    demand = Node("passkey_request_options", {}, json.dumps(options).encode())
    await connection.notify("passkey_prologue_request", SERVER, [demand])


def _server_iq(connection: Connection, child: Node) -> Node:
    attrs = {"from": SERVER, "type": "set", "id": connection.new_id(), "xmlns": "md"}
    return Node("iq", {**attrs, "t": int(time.time())}, [child])


def _phone_identity(user: User) -> KeyPair:
    return user.devices[0].identity


def _sealed_identity(offer: Offer, user: User, spoil: str) -> bytes:
    details = adv.ADVDeviceIdentity(
        rawID=1, timestamp=int(time.time()), keyIndex=user.links
    ).SerializeToString()
    phone = _phone_identity(user)
    signature = sign(phone.private, _ACCOUNT_SIGNATURE + details + offer.identity)
    identity = adv.ADVSignedDeviceIdentity(
        details=details,
        accountSignatureKey=phone.public,
        accountSignature=bytes(64) if spoil == "signature" else signature,
    ).SerializeToString()
    seal = bytes(32) if spoil == "hmac" else hmac.digest(offer.secret, identity, "sha256")
    return adv.ADVSignedDeviceIdentityHMAC(details=identity, HMAC=seal).SerializeToString()


def _check(answer: Node, identity: bytes, user: User) -> None:
    """Check that the client signed its identity with the key it showed."""
    if answer.text("type") == "error":
        error = answer.child("error")
        raise PairingRefusedError(f"{error.text('code')} {error.text('text')}")
    sealed = answer.child("pair-device-sign", "device-identity").bytes
    signed = adv.ADVSignedDeviceIdentity.FromString(sealed)
    message = _DEVICE_SIGNATURE + signed.details + identity + _phone_identity(user).public
    if not verify(identity, message, signed.deviceSignature):
        raise PairingRefusedError("the client's device signature is wrong")


def _linked_device(
    number: int, identity: bytes, registration: wa6.ClientPayload.DevicePairingRegistrationData
) -> LinkedDevice:
    prekey = (registration.eSkeyID, registration.eSkeyVal, registration.eSkeySig)
    return LinkedDevice(number, identity, registration.eRegid, prekey)
