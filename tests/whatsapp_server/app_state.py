"""App state: settings that a phone shares with its linked devices; here, the name others see.

The phone hands each new device a key, in a message of its own; the server keeps patches that only
this key opens.
"""

from __future__ import annotations

import hmac
import json
import os
import time
from dataclasses import dataclass

from whatsapp_server.addresses import JID
from whatsapp_server.connection import Connection
from whatsapp_server.curve import hkdf
from whatsapp_server.node import Node
from whatsapp_server.protobufs import e2e, server_sync, sync_action
from whatsapp_server.signal_protocol import Bundle, encrypt_cbc
from whatsapp_server.world import LinkedDevice, User

_COLLECTION = "critical_block"
_INDEX = json.dumps(["setting_pushName"]).encode()
_KEY_ID = b"\0\1\0\0\0\1"
_FINGERPRINT = e2e.AppStateSyncKeyFingerprint(rawID=1, currentIndex=0)
_VERSION = 1
_SET = b"\1"


@dataclass(frozen=True)
class _Keys:
    """What is derived from the one key that the phone shares."""

    index: bytes
    encryption: bytes
    value_mac: bytes
    snapshot_mac: bytes
    patch_mac: bytes

    @classmethod
    def of(cls, shared: bytes) -> _Keys:
        derived = hkdf(shared, 160, b"WhatsApp Mutation Keys")
        return cls(*(derived[at : at + 32] for at in range(0, 160, 32)))


async def share_key(connection: Connection) -> None:
    """Let the phone hand a linked device the key to its settings, once, if it has a name."""
    user, linked = connection.user, connection.linked
    if user.name == user.phone or linked.has_app_state_key or not linked.prekeys:
        return
    linked.has_app_state_key = True
    key = e2e.AppStateSyncKey(
        keyID=e2e.AppStateSyncKeyId(keyID=_KEY_ID),
        keyData=e2e.AppStateSyncKeyData(keyData=user.app_state_key, fingerprint=_FINGERPRINT),
    )
    share = e2e.ProtocolMessage(
        type=e2e.ProtocolMessage.APP_STATE_SYNC_KEY_SHARE,
        appStateSyncKeyShare=e2e.AppStateSyncKeyShare(keys=[key]),
    )
    plain = e2e.Message(protocolMessage=share).SerializeToString()
    recipient = str(user.address("lid", linked.number))
    sealed = user.devices[0].seal(recipient, _bundle(linked), plain)
    await connection.send(_peer_message(connection, user.lid, sealed))


async def tell_state(connection: Connection, request: Node) -> None:
    """Answer one collection's patches; all but one collection are empty."""
    asked = request.child("sync", "collection")
    name, user = asked.text("name"), connection.user
    known = int(asked.text("version", "0"))
    patches: list[Node] = []
    if name == _COLLECTION and user.name != user.phone and known < _VERSION:
        patches = [Node("patches", {}, [Node("patch", {}, _patch(user))])]
    version = _VERSION if name == _COLLECTION else 0
    collection = Node("collection", {"name": name, "version": version}, patches)
    await connection.answer(request, [Node("sync", {}, [collection])])


def _bundle(linked: LinkedDevice) -> Bundle:
    signed_id, signed, _signature = linked.signed_prekey
    return Bundle(linked.identity, signed_id, signed, *linked.prekeys.pop(0))


def _peer_message(connection: Connection, phone: JID, sealed: bytes) -> Node:
    attrs = {"from": phone, "id": connection.new_id(), "type": "text", "category": "peer"}
    enc = Node("enc", {"v": "2", "type": "pkmsg"}, sealed)
    return Node("message", {**attrs, "t": int(time.time())}, [enc])


def _patch(user: User) -> bytes:
    keys = _Keys.of(user.app_state_key)
    value = _value(user.name, keys)
    value_mac = value[-32:]
    version = _VERSION.to_bytes(8, "big") + _COLLECTION.encode()
    # The hash of a collection is the sum of its values' hashes, and this is its only value.
    collection_hash = hkdf(value_mac, 128, b"WhatsApp Patch Integrity")
    snapshot_mac = hmac.digest(keys.snapshot_mac, collection_hash + version, "sha256")
    record = server_sync.SyncdRecord(
        index=server_sync.SyncdIndex(blob=hmac.digest(keys.index, _INDEX, "sha256")),
        value=server_sync.SyncdValue(blob=value),
        keyID=server_sync.KeyId(ID=_KEY_ID),
    )
    mutation = server_sync.SyncdMutation(
        operation=server_sync.SyncdMutation.SyncdOperation.SET, record=record
    )
    return server_sync.SyncdPatch(
        version=server_sync.SyncdVersion(version=_VERSION),
        mutations=[mutation],
        snapshotMAC=snapshot_mac,
        patchMAC=hmac.digest(keys.patch_mac, snapshot_mac + value_mac + version, "sha256"),
        keyID=server_sync.KeyId(ID=_KEY_ID),
    ).SerializeToString()


def _value(name: str, keys: _Keys) -> bytes:
    """Return the encrypted setting: IV, ciphertext, MAC."""
    setting = sync_action.PushNameSetting(name=name)
    action = sync_action.SyncActionData(
        index=_INDEX,
        value=sync_action.SyncActionValue(
            timestamp=int(time.time() * 1000), pushNameSetting=setting
        ),
        padding=b"",
        version=1,
    )
    iv = os.urandom(16)
    sealed = iv + encrypt_cbc(keys.encryption, iv, action.SerializeToString())
    size = (len(_KEY_ID) + 1).to_bytes(8, "big")
    mac = hmac.digest(keys.value_mac, _SET + _KEY_ID + sealed + size, "sha512")[:32]
    return sealed + mac
