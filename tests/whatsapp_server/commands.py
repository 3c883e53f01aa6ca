"""What a test can make happen: the table of the control socket's commands."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

from msgspec import convert

from whatsapp_server import groups, pairing, pairing_code, receipts
from whatsapp_server.addresses import JID
from whatsapp_server.behaviour import Behaviour, GroupOptions, ReceiptWishes
from whatsapp_server.connection import Connection
from whatsapp_server.records import Message, Presence, State
from whatsapp_server.waits import WAITS
from whatsapp_server.world import Group, World

Command: TypeAlias = Callable[..., Awaitable[object]]


async def add_user(world: World, *, phone: str, name: str, devices: int) -> str:
    return str(world.add_user(phone, name, devices).lid)


async def add_crowd(world: World, *, count: int, devices: int) -> list[str]:
    return [world.add_user(f"6289{number:08}", "", devices).phone for number in range(count)]


async def add_group(
    world: World, *, subject: str, members: list[str], options: GroupOptions
) -> str:
    return str(world.add_group(subject, members, **options).jid)


async def scan(world: World, *, qr: str, phone: str, spoil: str) -> str:
    offer = pairing.Offer.read(world, qr)
    return str(await pairing.pair(offer, world.add_user(phone), spoil))


async def enter_code(world: World, *, code: str, phone: str) -> str:
    return str(await pairing_code.enter_code(world, code, world.add_user(phone)))


async def require_passkey(world: World, *, phone: str) -> None:
    world.add_user(phone).passkey = True


async def behave(world: World, *, phone: str | None, changes: dict[str, object]) -> None:
    convert(changes, Behaviour)
    if phone is not None:
        world.user(phone).changes.update(changes)
    else:
        known = {name: getattr(world.behaviour, name) for name in Behaviour.__struct_fields__}
        world.behaviour = convert({**known, **changes}, Behaviour)


async def refuse(world: World, *, phone: str, failure: dict[str, str] | None) -> None:
    world.user(phone).refusal = failure


async def unlink(world: World, *, phone: str) -> None:
    user = world.user(phone)
    connected = user.connections
    user.linked.clear()
    for connection in connected:
        await connection.end_stream("401", "device_removed")


async def drop(world: World, *, phone: str) -> None:
    for connection in _connections(world, phone):
        connection.cut()


async def end_stream(world: World, *, phone: str, code: str, conflict: str, close: bool) -> None:
    for connection in _connections(world, phone):
        await connection.end_stream(code, conflict, close=close)


async def say(world: World, *, phone: str, plain: str, sealed: bool) -> None:
    """Send bytes (base64) as they are, under Noise or (`sealed=False`) beside it."""
    for connection in _connections(world, phone):
        await connection.say(b64decode(plain), sealed=sealed)


async def close_pairings(world: World) -> None:
    for connection in list(world.connections):
        if connection.pairing is not None:
            await connection.close()


async def add_member(world: World, *, group: str, phone: str, by: str) -> None:
    await groups.add_member(world, _group(world, group), world.add_user(phone), world.add_user(by))


async def remove_member(world: World, *, group: str, phone: str, by: str) -> None:
    await groups.remove_member(world, _group(world, group), world.user(phone), world.user(by))


async def rename_group(world: World, *, group: str, subject: str, by: str) -> None:
    await groups.rename(world, _group(world, group), subject, world.user(by))


async def announce_only(world: World, *, group: str, on: bool, by: str) -> None:
    await groups.announce_only(world, _group(world, group), world.user(by), on=on)


async def set_expiration(world: World, *, group: str, seconds: int, by: str) -> None:
    await groups.set_expiration(world, _group(world, group), seconds, world.user(by))


async def send_receipts(
    world: World, *, message_ids: list[str], by: list[str] | None, kind: str, wishes: ReceiptWishes
) -> int:
    """Send receipts of certain people, or of all who got the message; returns of how many devices.

    Each says that it is about all of the messages.
    """
    about = [world.find_message(message_id) for message_id in message_ids]
    people = receipts.readers(world, about[0], by)
    addressing = wishes.get("addressing") or world.addressing(about[0].to)
    readers = receipts.devices(people, addressing, wishes.get("device"))
    if wishes.get("grouped"):
        nodes = [receipts.grouped_receipt(about[0], readers, kind)]
    else:
        nodes = [receipts.receipt(about, reader, kind) for reader in readers]
    sender = world.user(JID.parse(about[0].sender).user)
    await receipts.post(world, sender, nodes, wishes.get("seconds", 0))
    return len(readers)


async def list_messages(world: World, *, start: int) -> list[Message]:
    return list(world.messages.values())[start:]


async def give_file(world: World, *, message_id: str) -> str:
    """Return the file that phones saved from a message, in base64."""
    media = world.find_message(message_id).media
    kept = [plain for (path, _), plain in world.files.items() if media and path == media.path]
    return b64encode(kept[-1]).decode()


async def list_presences(world: World) -> list[Presence]:
    return world.presences


async def list_frames(world: World) -> list[str]:
    return world.frames


async def tell_state(world: World) -> State:
    return world.state()


def _group(world: World, jid: str) -> Group:
    return world.groups[JID.parse(jid).user]


def _connections(world: World, phone: str) -> list[Connection]:
    connected = world.user(phone).connections
    if not connected:
        raise LookupError(f"no device of {phone} is connected")
    return connected


COMMANDS: Mapping[str, Command] = {
    command.__name__: command
    for command in (
        add_user,
        add_group,
        scan,
        enter_code,
        require_passkey,
        behave,
        refuse,
        unlink,
        drop,
        end_stream,
        say,
        close_pairings,
        add_member,
        remove_member,
        rename_group,
        announce_only,
        set_expiration,
        send_receipts,
        add_crowd,
        list_messages,
        give_file,
        list_frames,
        list_presences,
        tell_state,
        *WAITS,
    )
}
