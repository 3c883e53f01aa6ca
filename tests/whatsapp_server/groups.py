"""Groups: answers to questions about them, and the notifications of what changes in them."""

from __future__ import annotations

import time

from whatsapp_server.addresses import JID
from whatsapp_server.connection import Connection
from whatsapp_server.node import Node
from whatsapp_server.world import Group, User, World

_KIND = "w:gp2"


async def list_groups(connection: Connection, request: Node) -> None:
    if error := connection.behaviour.group_query_error:
        await connection.refuse(request, error)
        return
    groups = connection.world.groups.values()
    mine = [group for group in groups if connection.user.phone in group.members]
    described = [describe(connection.world, group) for group in mine]
    await connection.answer(request, [Node("groups", {}, described)])


async def tell_group(connection: Connection, request: Node) -> None:
    group = connection.world.groups.get(request.jid("to").user)
    error = connection.behaviour.group_query_error or _why_not(group, connection.user)
    if error or group is None:
        await connection.refuse(request, error or 404)
    else:
        await connection.answer(request, [describe(connection.world, group)])


def _why_not(group: Group | None, user: User) -> int | None:
    if group is None:
        return 404
    return None if user.phone in group.members else 403


def describe(world: World, group: Group) -> Node:
    """Return the <group> that WhatsApp tells its members."""
    owner = world.users[group.owner]
    attrs = {
        "id": group.id,
        "subject": group.subject,
        "creation": group.created,
        "s_t": group.created,
        "s_o": owner.lid,
        "s_o_pn": owner.pn,
        "creator": owner.lid,
        "creator_pn": owner.pn,
        "addressing_mode": group.addressing,
        "size": len(group.members),
        "a_v_id": group.version,
        "p_v_id": group.version,
    }
    members = [_participant(group, world.users[phone]) for phone in group.members]
    return Node("group", attrs, members + _settings(group))


def _settings(group: Group) -> list[Node]:
    settings = [Node("announcement")] * group.announce_only
    return [*settings, _ephemeral(group)] if group.expiration else settings


def _ephemeral(group: Group) -> Node:
    if not group.expiration:
        return Node("not_ephemeral")
    return Node("ephemeral", {"expiration": group.expiration, "trigger": "0"})


def _participant(group: Group, user: User) -> Node:
    rank = "superadmin" if group.admins[:1] == [user.phone] else "admin"
    return Node(
        "participant",
        {**_addresses(group, user), "type": rank if user.phone in group.admins else None},
    )


def _addresses(group: Group, user: User) -> dict[str, JID]:
    if group.hide_numbers:
        return {"jid": user.lid}
    if group.addressing == "lid":
        return {"jid": user.lid, "phone_number": user.pn}
    return {"jid": user.pn, "lid": user.lid}


async def add_member(world: World, group: Group, user: User, by: User) -> None:
    """Add someone: the others read who came, the newcomer gets the whole group."""
    if user.phone not in group.members:
        group.members.append(user.phone)
    group.version += 1
    await _tell_members(world, group, by, _participants("add", group, user), but=user)
    created = Node("create", {"type": "new", "reason": "invite"}, [describe(world, group)])
    await _tell(group, by, created, user)


async def remove_member(world: World, group: Group, user: User, by: User) -> None:
    """Remove someone (or let them leave); they are told, too."""
    group.members.remove(user.phone)
    group.version += 1
    removed = _participants("remove", group, user)
    await _tell_members(world, group, by, removed, but=user)
    await _tell(group, by, removed, user)


async def rename(world: World, group: Group, subject: str, by: User) -> None:
    group.subject = subject
    attrs = {"subject": subject, "s_t": int(time.time()), "s_o": by.lid, "s_o_pn": by.pn}
    await _tell_members(world, group, by, Node("subject", {**attrs}))


async def announce_only(world: World, group: Group, by: User, *, on: bool) -> None:
    """Let only admins write, or everybody again."""
    group.announce_only = on
    group.version += 1
    tag = "announcement" if on else "not_announcement"
    await _tell_members(world, group, by, Node(tag, {"v_id": group.version}))


async def set_expiration(world: World, group: Group, seconds: int, by: User) -> None:
    """Let messages disappear after so many seconds, or (0) never."""
    group.expiration = seconds
    await _tell_members(world, group, by, _ephemeral(group))


def _participants(tag: str, group: Group, user: User) -> Node:
    versions = {"v_id": group.version, "prev_v_id": group.version - 1}
    return Node(tag, {**versions}, [Node("participant", {**_addresses(group, user)})])


async def _tell_members(
    world: World, group: Group, by: User, change: Node, but: User | None = None
) -> None:
    for phone in group.members:
        if but is None or phone != but.phone:
            await _tell(group, by, change, world.users[phone])


async def _tell(group: Group, by: User, change: Node, user: User) -> None:
    for connection in user.connections:
        await connection.notify(
            _KIND,
            group.jid,
            [change],
            participant=by.lid,
            participant_pn=by.pn,
            addressing_mode=group.addressing,
        )
